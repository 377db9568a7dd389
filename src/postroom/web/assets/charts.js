/* Draws <canvas data-chart="{labels, series: [{label, tone, values}]} as JSON"> as stacked bars. */
"use strict";

const drawn = new Map();

function colour(className) {
  const probe = document.createElement("span");
  probe.className = className;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function draw(canvas) {
  drawn.get(canvas)?.destroy();
  const { labels, series } = JSON.parse(canvas.dataset.chart);
  const ink = colour("faint");
  const axis = { stacked: true, border: { display: false }, ticks: { color: ink, precision: 0 } };
  drawn.set(canvas, new Chart(canvas, {
    type: "bar",
    data: {
      labels,
      datasets: series.map((one) => ({ label: one.label, data: one.values, backgroundColor: colour(`tone-${one.tone}`) })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { labels: { color: ink, boxWidth: 12 } } },
      scales: {
        x: { ...axis, grid: { display: false }, ticks: { ...axis.ticks, maxRotation: 0, autoSkipPadding: 16 } },
        y: { ...axis, beginAtZero: true, grid: { color: colour("chart-line") } },
      },
    },
  }));
}

function drawAll() {
  for (const canvas of drawn.keys()) {
    if (!canvas.isConnected) {
      drawn.get(canvas).destroy();
      drawn.delete(canvas);
    }
  }
  document.querySelectorAll("canvas[data-chart]").forEach(draw);
}

drawAll();
document.addEventListener("htmx:afterSettle", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
