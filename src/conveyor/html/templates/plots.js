// Draws a plot in the colours of the page: light, dark or printed.
const PRINTED_WIDTH = 640; // pixels of a plot, which fit on a sheet
const TICK_WIDTH = 14; // pixels that a turned name under a plot needs
const printing = matchMedia("print");

function inColours(value, style) {
  if (typeof value === "string") {
    const name = /^var\((--[a-z]+)\)$/.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) return value.map((item) => inColours(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, inColours(v, style)]));
}

// The hover text of a heat map takes the names of a column and of a row from each of its cells.
function nameCells({ columns, rows, ...trace }) {
  if (columns) trace.customdata = trace.z.map(() => columns);
  if (rows) trace.text = trace.z.map((line, i) => line.map(() => rows[i]));
  return trace;
}

function drawPlot(element, plot) {
  const style = getComputedStyle(document.documentElement);
  const axis = { gridcolor: "var(--line)", zerolinecolor: "var(--line)", automargin: true };
  const layout = {
    ...plot.layout,
    xaxis: { ...axis, ...plot.layout.xaxis },
    yaxis: { ...axis, ...plot.layout.yaxis },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: "var(--text)", family: "system-ui, sans-serif", size: 12 },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    margin: { l: 60, r: 20, t: 40, b: 50, ...plot.layout.margin },
    width: printing.matches ? PRINTED_WIDTH : undefined,
  };
  const options = { responsive: true, displayModeBar: false };
  const traces = plot.data.map((trace) => nameCells(inColours(trace, style)));
  Plotly.react(element, traces, inColours(layout, style), options);
  thinTicks(element, layout.xaxis);
}

// Leaves out names under a plot where they would stand upon each other, as on a telephone.
function thinTicks(element, { tickvals, ticktext }) {
  if (!tickvals) return;
  const apart = Math.ceil(tickvals.length * TICK_WIDTH / element._fullLayout.xaxis._length);
  if (apart < 2) return;
  const thin = (values) => values.filter((_, i) => i % apart === 0);
  Plotly.relayout(element, { "xaxis.tickvals": thin(tickvals), "xaxis.ticktext": thin(ticktext) });
}
