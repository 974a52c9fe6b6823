// Puts it all on the page.

view.to = extent();
view.service = data.series.length ? data.series[0].service : null;

drawn(drawFrontier);
drawn(drawTimeline);
drawn(drawDistributions);
drawn(drawMinutes);
drawn(drawReactions);

frontierLegend();
drawControls();
drawAll();
drawTrail();
drawWeek();

find("timeline").addEventListener("keydown", timelineKeys);
document.querySelectorAll("button[data-policy]").forEach((button) => {
  button.addEventListener("click", () => {
    choose(Number(button.dataset.policy));
    find("time").scrollIntoView({ block: "start" });
  });
});

let drawnWidth = document.documentElement.clientWidth;
window.addEventListener("resize", () => {
  if (document.documentElement.clientWidth === drawnWidth) return;
  drawnWidth = document.documentElement.clientWidth;
  requestAnimationFrame(drawAll);
});
window.addEventListener("beforeprint", () => {
  printing = true;
  drawAll();
});
window.addEventListener("afterprint", () => {
  printing = false;
  drawAll();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideHint();
});
