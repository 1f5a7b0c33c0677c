// The page that tries the model. It learns from /openapi.json what the model reads, and writes
// every text of the model or of a file with `textContent`, so that none of them can run.
"use strict";

const MAX_ROWS = 200; // answers that are drawn
const MAX_PARTS = 10; // parts of an answer, such as the largest probabilities
const byId = (id) => document.getElementById(id);
let example = null; // a request's `inputs`: the columns, with one row
let token = "";
let plotly = null; // a promise of Plotly's script, which is loaded when it is needed

async function send(path, options = {}) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers });
  const text = await response.text();
  if (response.status === 401) byId("token-form").hidden = false;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(text || `status ${response.status}`);
  }
  if (!response.ok) throw new Error(value.message || value.error || `status ${response.status}`);
  return value;
}

async function start() {
  const description = await send("/openapi.json");
  const body = description.paths["/invocations"].post.requestBody.content["application/json"];
  example = body.example.inputs;
  const { title, version } = description.info;
  document.title = `Try ${title}`;
  byId("title").textContent = `${title}, version ${version}`;
  byId("about").textContent = "Type a row or choose a file, and see what the model answers.";
  const text = isText();
  byId("input-label").textContent = text ? "Texts" : "Series";
  byId("input-hint").textContent = text
    ? "One text per line."
    : `One series: a line per step, with ${channels()} number(s) each, separated by commas or ` +
      "spaces; or JSON.";
  byId("file-hint").textContent = text
    ? "a text per line, CSV with a header, JSON or JSON Lines"
    : "CSV with a line per step, CSV with a header, JSON or JSON Lines";
  for (const name of Object.keys(example).slice(1)) addStatic(name);
  byId("token-form").hidden = true;
  byId("docs").hidden = Boolean(token); // a link carries no token
  byId("form").hidden = false;
}

const column = () => Object.keys(example)[0];
const isText = () => typeof example[column()][0] === "string";
const channels = () => example[column()][0][0].length;

function addStatic(name) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "text";
  input.id = `static ${name}`;
  input.name = name;
  label.htmlFor = input.id;
  label.textContent = name;
  byId("static").append(label, input);
}

// What is typed, as a body in MLflow's protocol.
function typedBody() {
  const content = byId("input").value;
  // The example may have several lines, and is one text nevertheless.
  const texts = () => (content === example[column()][0] ? [content] : lines(content));
  const rows = isText() ? texts() : [readSeries(content)];
  if (!rows.length) throw new Error("Type a text first, or choose a file.");
  const inputs = { [column()]: rows };
  for (const input of byId("static").querySelectorAll("input"))
    inputs[input.name] = rows.map(() => input.value || null);
  return { inputs };
}

const lines = (content) => content.split(/\r?\n/).filter((line) => line.trim());

function readSeries(content) {
  if (!content.trim()) throw new Error("Type a series first, or choose a file.");
  if (content.trim().startsWith("[")) return JSON.parse(content);
  return lines(content).map((line) => line.trim().split(/[\s,;]+/).map(readNumber));
}

function readNumber(cell) {
  if (["", "nan", "null"].includes(cell.toLowerCase())) return null;
  const number = Number(cell);
  if (Number.isNaN(number)) throw new Error(`Expected a number; got ${cell}`);
  return number;
}

// The content of a file, as a body in MLflow's protocol.
function fileBody(name, content) {
  if (/\.(jsonl|ndjson)$/i.test(name)) return { dataframe_records: lines(content).map(JSON.parse) };
  if (/\.json$/i.test(name)) {
    const value = JSON.parse(content);
    return Array.isArray(value) ? { instances: value } : value;
  }
  const isTable = /\.(csv|tsv)$/i.test(name);
  if (isText() && !isTable) return { inputs: { [column()]: lines(content) } };
  const table = readTable(content, /\.tsv$/i.test(name) ? "\t" : ",");
  const isSeries = !isText() && (!isTable || table[0].every((cell) => cell.trim() && !isNaN(cell)));
  if (isSeries) return { inputs: { [column()]: [readSeries(content)] } };
  return { dataframe_split: { columns: table[0], data: table.slice(1) } };
}

// The cells of a CSV file; a cell in double quotes may hold separators, lines and doubled quotes.
function readTable(content, separator) {
  const rows = [[]];
  let cell = "", quoted = false;
  const endCell = () => { rows[rows.length - 1].push(cell); cell = ""; };
  for (let i = 0; i < content.length; i++) {
    const c = content[i];
    if (quoted && c === '"' && content[i + 1] === '"') { cell += '"'; i++; }
    else if (c === '"' && (quoted || !cell)) quoted = !quoted;
    else if (!quoted && c === separator) endCell();
    else if (!quoted && c === "\n") { endCell(); rows.push([]); }
    else if (quoted || c !== "\r") cell += c;
  }
  if (cell || rows[rows.length - 1].length) endCell();
  return rows.filter((row) => row.length > 1 || row[0]);
}

async function answer(body) {
  clear();
  show(await send("/invocations", { method: "POST", body: JSON.stringify(body) }));
}

function clear() {
  byId("error").textContent = "";
  byId("result").replaceChildren();
}

// Draws the gates and states of each layer while the network reads a row.
async function lookInside(body) {
  clear();
  const inside = await send("/inspect", { method: "POST", body: JSON.stringify(body) });
  await (plotly ??= load("/plotly.js"));
  byId("result").append(
    element("h2", `Inside version ${inside.model_version}`),
    paragraph("Row: ", element("bdi", inside.row)),
    paragraph("Answer: ", ...describe(inside.answer)),
    ...inside.notes.map((note) => paragraph(note)));
  for (const { title, plots } of inside.layers) {
    const grid = element("div", "");
    grid.className = "plots";
    byId("result").append(element("h3", title), grid);
    for (const plot of plots) grid.append(addPlot(plot));
  }
  drawAll();
}

function addPlot(plot) {
  const figure = document.createElement("figure");
  const place = document.createElement("div");
  place.className = "plot";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", plot.title);
  place.plot = plot;
  figure.append(element("figcaption", plot.title), place);
  return figure;
}

function drawAll() {
  for (const place of document.querySelectorAll(".plot")) drawPlot(place, place.plot);
}

// A text of the data stands in a "bdi", so that one from right to left keeps to itself.
function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function paragraph(...parts) {
  const made = document.createElement("p");
  made.append(...parts);
  return made;
}

function load(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${path} cannot be loaded`));
    script.src = path;
    document.head.append(script);
  });
}

function show({ predictions, model_version }) {
  const heading = document.createElement("h2");
  const count = predictions.length;
  const part = count > MAX_ROWS ? `, the first ${MAX_ROWS} of them` : "";
  heading.textContent = `Answers to ${count} row(s) by version ${model_version}${part}`;
  const fields = Object.keys(predictions[0] || {});
  const table = document.createElement("table");
  addRow(table.createTHead(), ["row", ...fields], "th");
  const rows = table.createTBody();
  predictions.slice(0, MAX_ROWS).forEach((record, number) =>
    addRow(rows, [number, ...fields.map((field) => record[field])], "td"));
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Answers");
  scroll.append(table);
  byId("result").append(heading, scroll);
}

function addRow(parent, values, kind) {
  const row = parent.insertRow();
  for (const value of values) {
    const cell = document.createElement(kind);
    if (kind === "th") cell.scope = "col";
    cell.append(...drawValue(value));
    row.append(cell);
  }
}

function drawValue(value) {
  if (!isRecord(value)) return [format(value)];
  if (!Array.isArray(value)) return [drawFields(value)];
  return value.some(isRecord) // such as the spans of a tagged text
    ? [drawParts(value, describe)]
    : [value.map(format).join(", ") || "none"];
}

const isRecord = (value) => value !== null && typeof value === "object";

// Names and numbers; shares of a whole with a bar each, the largest first.
function drawFields(record) {
  const fields = Object.entries(record);
  const isShare = fields.every(([, number]) => number >= 0 && number <= 1);
  if (isShare) fields.sort((a, b) => b[1] - a[1]);
  return drawParts(fields, ([name, number]) => [
    ...(isShare ? [drawBar(name, number), " "] : []),
    element("bdi", name), `: ${format(number)}`]);
}

function drawBar(name, share) {
  const bar = document.createElement("progress");
  bar.value = share;
  bar.setAttribute("aria-label", name);
  return bar;
}

// The first parts as a list, and how many more there are; `draw` gives what a part consists of.
function drawParts(parts, draw) {
  const list = document.createElement("ul");
  list.className = "parts";
  for (const part of parts.slice(0, MAX_PARTS)) {
    const item = document.createElement("li");
    item.append(...draw(part));
    list.append(item);
  }
  if (parts.length > MAX_PARTS) list.append(`and ${parts.length - MAX_PARTS} more`);
  return list;
}

// Fields in one line, such as "type city, start 8".
const describe = (record) => Object.entries(record).flatMap(([name, value], i) => [
  `${i ? ", " : ""}${name} `, element("bdi", format(value))]);

const format = (value) =>
  typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : String(value);

function report(error) {
  byId("error").textContent = error.message;
}

function readFile(file) {
  file.text().then((content) => answer(fileBody(file.name, content))).catch(report);
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  Promise.resolve().then(() => answer(typedBody())).catch(report);
});
byId("inside").addEventListener("click", () => {
  Promise.resolve().then(() => lookInside(typedBody())).catch(report);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("error").textContent = "";
  start().catch(report);
});
byId("example").addEventListener("click", () => {
  const row = example[column()][0];
  byId("input").value = isText() ? row : row.map((step) => step.join(", ")).join("\n");
  for (const input of byId("static").querySelectorAll("input"))
    input.value = example[input.name][0] ?? "";
});
byId("file").addEventListener("change", () => {
  const [file] = byId("file").files;
  if (file) readFile(file);
});
const drop = byId("drop");
for (const kind of ["dragover", "dragleave", "drop"])
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
  });
drop.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  if (file) readFile(file);
});
start().catch(report);
