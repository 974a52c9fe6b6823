// Distributions of response times: the share done by when, and the tail of those that were not.

function cdfRange() {
  // The latency within which one request in 10 000 is done: fewer would only stretch the axis.
  const first = (slower) => slower.find(([, share]) => share <= 0.9999) || slower[0];
  const points = data.policies.flatMap(({ slower }) => (slower.length ? [first(slower)[0], slower[slower.length - 1][0]] : []));
  const all = [...points, ...data.slos.map((slo) => slo.limit_ms)].filter((ms) => ms > 0);
  return all.length ? [Math.max(Math.min(...all), 1e-3) / 1.2, Math.max(...all) * 1.2] : [1, 1000];
}

// The share slower than a latency; the value between two points is that of the one before.
function slowerThan(policy, ms) {
  let share = 1;
  for (const [at, value] of policy.slower) {
    if (at > ms) break;
    share = value;
  }
  return share;
}

function cdfChart(width, tail) {
  const frame = { left: 62, top: 20, right: width - 10, bottom: 300, tight: true };
  const [low, high] = cdfRange();
  const x = logarithmic(low, high, frame.left, frame.right);
  const shares = data.policies.flatMap((policy) => policy.slower.map((point) => point[1])).filter((share) => share > 0);
  const least = Math.max(1e-6, Math.min(0.01, ...shares));
  const y = tail ? logarithmic(least, 1, frame.bottom, frame.top) : linear(0, 1, frame.bottom, frame.top);
  const yTicks = tail ? logTicks(least, 1, 7) : linearTicks(0, 1, 5);
  const chart = canvas(width, 345, tail ? "share not done by response time" : "share done by response time");
  const xTicks = logTicks(low, high, Math.max(3, width / 75)).map((at) => ({ at, label: latency(at) }));
  chart.append(...yAxis(frame, y, yTicks, percent), ...xAxis(frame, x, xTicks, true));
  chart.append(words(frame.left, 12, tail ? "share not done, log scale" : "share done"));
  chart.append(words((frame.left + frame.right) / 2, 340, "response time, log scale", { "text-anchor": "middle" }));
  for (const { limit_ms, quantile } of data.slos) {
    const left = x(limit_ms);
    const level = y(tail ? 1 - quantile : quantile);
    chart.append(svg("path", { class: "slo", d: `M${left} ${frame.top}V${frame.bottom}M${frame.left} ${level}H${frame.right}` }));
  }
  const order = data.policies.map((policy, at) => ({ policy, at })).sort((a, b) => (a.at === view.policy) - (b.at === view.policy));
  for (const { policy, at } of order) {
    const known = policy.slower.length || !policy.placed ? policy.slower : [[low, 1], [high, 1]];
    const points = known.filter(([, share]) => !tail || share > 0);
    const path = points.map(([ms, share], n) => `${n ? "L" : "M"}${x(ms).toFixed(1)} ${y(tail ? share : 1 - share).toFixed(1)}`).join("");
    chart.append(svg("path", { class: at === view.policy ? "curve wide" : "curve", d: path, ...seriesStyle(at) }));
  }
  chart.addEventListener("pointermove", (event) => {
    const ms = x.invert(Math.min(frame.right, Math.max(frame.left, place(chart, event))));
    const pairs = data.policies.filter((policy) => policy.placed).map((policy) => {
      const share = slowerThan(policy, ms);
      return [policy.name, percent(tail ? share : 1 - share)];
    });
    showHint(event.clientX, event.clientY, html("b", {}, `${tail ? "not done" : "done"} within ${latency(ms)}`), rows(pairs));
  });
  chart.addEventListener("pointerleave", hideHint);
  return chart;
}

function drawDistributions() {
  const home = find("cdf");
  const full = widthOf(home);
  const columns = full > 640 || printing ? 2 : 1;
  const width = columns === 2 ? (full - 16) / 2 : full;
  home.replaceChildren(cdfChart(width, false), cdfChart(width, true));
  const entry = (policy, at) => {
    const button = html("button", { type: "button", class: at === view.policy ? "link on" : "link", "aria-pressed": String(at === view.policy) }, policy.name);
    button.addEventListener("click", () => choose(at));
    return item(lineKey(seriesStyle(at)), button);
  };
  const keys = data.policies.map(entry);
  if (data.slos.length) keys.push(item(lineKey({ class: "slo" }), `SLO ${data.slos.map((slo) => slo.words).join(", ")}`));
  find("cdf-legend").replaceChildren(...keys);
}
