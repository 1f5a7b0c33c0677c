// Unpacks Plotly, and draws each plot in the colours of the page: light, dark or printed.
const nonce = document.currentScript.nonce;
const PRINTED_WIDTH = 640; // pixels of a plot, which fit on a sheet
const printing = matchMedia("print");

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function inColours(value, style) {
  if (typeof value === "string") {
    const name = /^var\((--[a-z]+)\)$/.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) return value.map((item) => inColours(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, inColours(v, style)]));
}

function draw() {
  const style = getComputedStyle(document.documentElement);
  const axis = { gridcolor: "var(--line)", zerolinecolor: "var(--line)", automargin: true };
  for (const element of document.querySelectorAll(".plot")) {
    const plot = JSON.parse(element.parentNode.querySelector("script").textContent);
    const layout = {
      ...plot.layout,
      xaxis: { ...axis, ...plot.layout.xaxis },
      yaxis: { ...axis, ...plot.layout.yaxis },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: "var(--text)", family: "system-ui, sans-serif", size: 12 },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      margin: { l: 60, r: 20, t: 40, b: 50 },
      width: printing.matches ? PRINTED_WIDTH : undefined,
    };
    const options = { responsive: true, displayModeBar: false };
    Plotly.react(element, inColours(plot.data, style), inColours(layout, style), options);
  }
}

async function start() {
  const script = document.createElement("script");
  script.nonce = nonce;
  script.textContent = await unpack(document.getElementById("plotly").textContent);
  document.head.append(script);
  draw();
  document.documentElement.dataset.drawn = "true";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  printing.addEventListener("change", draw);
}

// On paper nobody can open what is closed.
const closed = [...document.querySelectorAll("details:not([open])")];
addEventListener("beforeprint", () => closed.forEach((each) => { each.open = true; }));
addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));

start().catch((error) => {
  for (const element of document.querySelectorAll(".plot")) {
    element.textContent = `This browser cannot draw the plot (${error}); its numbers are in the tables.`;
  }
});
