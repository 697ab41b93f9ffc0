// Draws the charts of a product's voice from the figures that stand beside them, in the colours of the theme.

const drawn = new Map();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function line(one, place, stacked) {
  const colour = token(stacked ? `--star${place + 1}` : `--s${place % 5 + 1}`);
  return {
    label: one.name, data: one.values, n: one.n, borderColor: colour, backgroundColor: colour,
    borderWidth: 2, borderDash: one.dashed ? [6, 4] : [], pointRadius: one.dashed || stacked ? 0 : 2,
    pointHitRadius: 12, spanGaps: true, categoryPercentage: 0.9, barPercentage: 0.95,
  };
}

function draw(canvas) {
  const figure = JSON.parse(document.getElementById(canvas.dataset.voice).textContent);
  const [ink, rule] = ["--ink-2", "--line"].map(token);
  drawn.get(canvas)?.destroy();
  drawn.set(canvas, new Chart(canvas, {
    type: figure.stacked ? "bar" : "line",
    data: { labels: figure.labels, datasets: figure.lines.map((one, place) => line(one, place, figure.stacked)) },
    options: {
      animation: false, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { position: "bottom", labels: { color: ink, boxWidth: 12, boxHeight: 12 } },
        tooltip: { callbacks: { label: (point) =>
          `${point.dataset.label}: ${point.formattedValue} ${figure.unit} · n = ${point.dataset.n[point.dataIndex]}` } },
      },
      scales: {
        x: { stacked: figure.stacked, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 } },
        y: { stacked: figure.stacked, min: figure.least, max: figure.top ?? undefined, grid: { color: rule },
          ticks: { color: ink, maxTicksLimit: 6 }, title: { display: true, text: figure.unit, color: ink } },
      },
    },
  }));
}

const drawAll = () => document.querySelectorAll("canvas[data-voice]").forEach(draw);
drawAll();
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
addEventListener("beforeprint", drawAll);
addEventListener("afterprint", drawAll);
