// Shows the nearest neighbours of the point that is clicked on or chosen, and marks them.
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["var(--blue)", "var(--orange)", "var(--green)"]; // of the channels of a series
const MARKS = { // the rings around the neighbours and the chosen point
  "its nearest": { symbol: "circle-open", size: 13, color: "var(--red)", line: { width: 2 } },
  chosen: { symbol: "star-open", size: 20, color: "var(--red)", line: { width: 3 } },
};

function make(kind, content) {
  const element = document.createElement(kind);
  element.append(content);
  return element;
}

// The path of a line over numbers from 0 to 1, with a gap where one is null. A value between two
// gaps, or the only one, is a short line.
function tracePath(channel) {
  const width = 114 / Math.max(1, channel.length - 1);
  const place = (i) => `${3 + i * width} ${24 - 22 * channel[i]}`;
  const isKnown = (i) => (channel[i] ?? null) !== null;
  return channel.map((value, i) => {
    if (value === null) return "";
    return isKnown(i - 1) ? `L${place(i)}` : `M${place(i)}${isKnown(i + 1) ? "" : "m-1 0h2"}`;
  }).join("");
}

// A text, or the channels of a series as lines.
function drawPreview(preview) {
  if (typeof preview === "string") return preview;
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "series");
  picture.setAttribute("viewBox", "0 0 120 26");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "the series");
  preview.forEach((channel, number) => {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", tracePath(channel));
    line.setAttribute("stroke-linecap", "round");
    line.setAttribute("fill", "none");
    line.setAttribute("stroke", COLOURS[number]);
    line.setAttribute("vector-effect", "non-scaling-stroke");
    picture.append(line);
  });
  return picture;
}

function addRow(table, cells, kind, preview) {
  const row = table.insertRow();
  for (const cell of cells) {
    const element = make(kind, cell);
    if (kind === "th") element.scope = "col";
    row.append(element);
  }
  row.cells[preview].className = "preview"; // which may be one long word
  row.cells[preview].dir = "auto"; // as are texts that are read from right to left
}

function startView(view) {
  const points = JSON.parse(view.querySelector(".points").textContent);
  const plots = [...view.querySelectorAll(".plot")];
  const choice = view.querySelector("select");
  points.forEach((point, i) => choice.append(new Option(`${i + 1}: ${point.name}`, i)));

  function showTable(chosen) {
    const table = document.createElement("table");
    const hasAnswer = points[chosen].answer !== null;
    const isText = typeof points[chosen].preview === "string";
    const hasName = !isText || view.id !== "rows"; // the name of a text is its beginning
    const line = (i, distance) => [
      distance, ...(hasName ? [points[i].name] : []), drawPreview(points[i].preview),
      points[i].target, ...(hasAnswer ? [points[i].answer] : []), points[i].error];
    const columns = ["distance", ...(hasName ? ["name"] : []), isText ? "text" : "series",
      "target", ...(hasAnswer ? ["answer"] : []), "error"];
    const preview = hasName ? 2 : 1;
    addRow(table.createTHead(), columns, "th", preview);
    const rows = table.createTBody();
    addRow(rows, line(chosen, "chosen"), "td", preview);
    rows.rows[0].className = "best";
    for (const [i, distance] of points[chosen].near)
      addRow(rows, line(i, String(distance)), "td", preview);
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.append(table);
    view.querySelector(".neighbours").replaceChildren(scroll);
  }

  // Each plot ends with a trace of the neighbours and one of the chosen point.
  function mark(chosen) {
    const places = { "its nearest": points[chosen].near.map(([i]) => i), chosen: [chosen] };
    const style = getComputedStyle(document.documentElement);
    for (const plot of plots) {
      const place = new Map();
      const own = plot.data.filter((trace) => !(trace.name in MARKS));
      for (const trace of own)
        trace.customdata.forEach((i, n) => place.set(i, [trace.x[n], trace.y[n]]));
      const marks = Object.entries(MARKS).map(([name, marker]) => ({
        type: "scatter", mode: "markers", name, hoverinfo: "skip", showlegend: false,
        x: places[name].map((i) => place.get(i)[0]), y: places[name].map((i) => place.get(i)[1]),
        marker: inColours(marker, style),
      }));
      Plotly.react(plot, [...own, ...marks], plot.layout, { responsive: true, displayModeBar: false });
    }
  }

  function choose(chosen) {
    choice.value = chosen;
    showTable(chosen);
    mark(chosen);
  }

  choice.addEventListener("change", () => choose(Number(choice.value)));
  let listens = false;
  document.addEventListener("drawn", () => {
    if (!listens)
      for (const plot of plots)
        plot.on("plotly_click", ({ points: [point] }) => choose(point.customdata));
    listens = true;
    choose(Number(choice.value));
  });
}

document.querySelectorAll(".view").forEach(startView);
