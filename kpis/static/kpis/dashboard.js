// Draws each figure of the first page by day, with its goal, in the colours of the theme.

const drawn = new Map();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(canvas) {
  const figure = JSON.parse(document.getElementById(canvas.dataset.figure).textContent);
  const [ink, line, brand, goal] = ["--ink-3", "--line", "--brand", "--warn"].map(token);
  const datasets = [{
    label: figure.title, data: figure.values, borderColor: brand, backgroundColor: brand,
    borderWidth: 2, pointRadius: 2, pointHitRadius: 12, cubicInterpolationMode: "monotone", spanGaps: true,
  }];
  if (figure.goal !== null) {
    datasets.push({
      label: figure.goal_label, data: figure.labels.map(() => figure.goal), borderColor: goal,
      borderWidth: 1.5, borderDash: [5, 4], pointRadius: 0, pointHitRadius: 0,
    });
  }
  drawn.get(canvas)?.destroy();
  drawn.set(canvas, new Chart(canvas, {
    type: "line",
    data: { labels: figure.labels, datasets },
    options: {
      animation: false, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { label: (point) => point.datasetIndex
          ? `${figure.goal_label} ${figure.goal} ${figure.unit}`
          : `${point.formattedValue} ${figure.unit} · n = ${figure.n[point.dataIndex]}` } },
      },
      scales: {
        x: { grid: { display: false }, ticks: { color: ink, maxTicksLimit: 6, maxRotation: 0 } },
        y: { beginAtZero: true, suggestedMax: figure.top, grid: { color: line }, ticks: { color: ink, maxTicksLimit: 4, callback: (value) => `${value}` } },
      },
    },
  }));
}

const drawAll = () => document.querySelectorAll("canvas[data-figure]").forEach(draw);
drawAll();
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
