// Unpacks Plotly, and draws each plot of the page.
const nonce = document.currentScript.nonce;

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function draw() {
  for (const element of document.querySelectorAll(".plot"))
    drawPlot(element, JSON.parse(element.parentNode.querySelector("script").textContent));
  document.dispatchEvent(new Event("drawn"));
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
