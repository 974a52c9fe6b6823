// The promise by minute, the hours of the week, and the parts of a reaction.

// Shares of late requests in a minute: kept, and three degrees of broken.
function lateDegree(late) {
  if (late === null) return null;
  if (late <= 1 - data.quantile + 1e-9) return 0;
  return late <= 0.05 ? 1 : late <= 0.25 ? 2 : 3;
}

const LATE_LOOK = [
  { fill: "var(--ready)" }, { fill: "var(--orange)" }, { fill: "var(--vermillion)" }, { fill: "var(--deep)" },
];

function drawMinutes() {
  const home = find("minutes");
  const all = data.policies.map((policy, at) => ({ policy, series: data.series.find((series) => series.policy === at && series.minutes) })).filter(({ series }) => series);
  const section = home.closest("section");
  section.hidden = all.length === 0;
  if (!all.length) return;
  const width = widthOf(home);
  const narrow = width < 640;
  const [row, bar] = narrow ? [44, 20] : [30, 22];
  const frame = { left: narrow ? 4 : 150, right: width - (narrow ? 4 : 110), top: 4, bottom: all.length * row + 4, tight: true };
  const chart = canvas(width, frame.bottom + 24, "share of late requests by minute, one row for each policy");
  const x = linear(data.window[0], data.window[1], frame.left, frame.right);
  chart.append(...xAxis(frame, x, timeTicks(x.low, x.high, (frame.right - frame.left) / 80), true));
  all.forEach(({ policy, series }, n) => {
    const top = frame.top + n * row + (narrow ? 18 : 2);
    const { late, each, total, broken } = series.minutes;
    const said = `${percent(total ? (total - broken) / total : null)} kept`;
    chart.append(words(narrow ? 4 : frame.left - 8, top + (narrow ? -5 : 15), policy.name, { "text-anchor": narrow ? "start" : "end", class: "strong" }));
    chart.append(words(narrow ? width - 4 : frame.right + 8, top + (narrow ? -5 : 15), said, { "text-anchor": narrow ? "end" : "start", class: "quiet" }));
    const strip = svg("g", {});
    for (let at = 0; at < late.length;) {
      let end = at + 1;
      while (end < late.length && lateDegree(late[end]) === lateDegree(late[at])) end += 1;
      const degree = lateDegree(late[at]);
      const [left, right] = [x(data.window[0] + at * each * 60), x(Math.min(data.window[1], data.window[0] + end * each * 60))];
      if (degree !== null) strip.append(svg("rect", { x: left, y: top, width: Math.max(right - left, degree ? 1.2 : 0.2), height: bar, ...LATE_LOOK[degree] }));
      at = end;
    }
    strip.addEventListener("pointermove", (event) => {
      const seconds = x.invert(place(chart, event));
      const share = late[Math.floor((seconds - data.window[0]) / (60 * each))];
      showHint(event.clientX, event.clientY, html("b", {}, `${policy.name}, ${when(seconds)}`), `${percent(share)} of requests late or failed${each > 1 ? `, worst of ${each} minutes` : ""}`);
    });
    strip.addEventListener("pointerleave", hideHint);
    strip.addEventListener("click", (event) => {
      const seconds = x.invert(place(chart, event));
      choose(series.policy);
      zoomTo(seconds - 1800, seconds + 1800);
      find("time").scrollIntoView({ block: "start" });
    });
    chart.append(strip);
  });
  home.replaceChildren(chart);
  find("minutes-lead").textContent = `Minutes of arrival, first replication: the share of their requests that failed or took longer than ${data.limit}. At most ${percent(1 - data.quantile)} may. Click to see that hour over time.`;
  const key = (degree, text) => item(sketch(svg("rect", { x: 1, y: 0, width: 20, height: 12, ...LATE_LOOK[degree] })), text);
  find("minutes-legend").replaceChildren(key(0, "kept"), key(1, "broken, up to 5 % late"), key(2, "up to 25 %"), key(3, "more"));
}

const HEATS = [
  ["Waste", "idle replica-hours in an hour", "waste"],
  ["Unmet: waiting", "requests waiting, on average", "heat"],
  ["Unmet: failed", "requests failed in an hour", "heat"],
];

// One scale for all policies, so that they can be compared by switching.
function heatTop(at) {
  let top = 0;
  for (const series of data.series) {
    for (const day of series.week || []) {
      for (const hour of day.hours) top = Math.max(top, hour ? hour[at] : 0);
    }
  }
  return top;
}

function heatTable(series, at) {
  const [title, unit, ink] = HEATS[at];
  const top = heatTop(at);
  const cell = (hour, n, day) => {
    if (!hour) return html("td", { class: "none", title: "not measured" });
    const share = top > 0 ? hour[at] / top : 0;
    const strength = share > 0 ? 0.08 + 0.92 * Math.sqrt(share) : 0;
    const style = share > 0 ? `background:rgb(var(--${ink}) / ${strength.toFixed(3)})` : null;
    const title = `${day} ${two(n)}:00-${two((n + 1) % 24)}:00: ${number(hour[at])} ${unit}`;
    return html("td", { style, title, class: strength > 0.62 ? "full" : null }, hour[at] > 0 ? short(hour[at]) : "0");
  };
  const head = html("tr", {}, html("th", { scope: "col", "aria-label": "day" }), Array.from({ length: 24 }, (_, hour) => html("th", { scope: "col" }, two(hour))));
  const body = series.week.map((day) => html("tr", {}, html("th", { scope: "row" }, day.name), day.hours.map((hour, n) => cell(hour, n, day.name))));
  return html("table", { class: "heat" }, html("caption", {}, title, " ", html("small", {}, `${unit}; most of any policy: ${number(top)}`)),
    html("thead", {}, head), html("tbody", {}, body));
}

// A cell has room for four characters.
function short(value) {
  if (value >= 1e6) return `${number(Math.round(value / 1e5) / 10)}M`;
  if (value >= 1000) return `${number(Math.round(value / 100) / 10)}k`;
  if (value < 0.05) return "~0";
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}

function drawWeek() {
  const series = current();
  const known = series && series.week;
  find("week").closest("section").hidden = !data.series.some((series) => series.week);
  if (!known) {
    find("week").replaceChildren(policyPicker("policy-week"));
    return;
  }
  find("week-lead").textContent = `First replication. Capacity that was ready and not used, and demand that had to wait or was lost. Colours mean the same for every policy.`;
  find("week").replaceChildren(policyPicker("policy-week"), ...HEATS.map((_, at) => heatTable(series, at)));
}

const PARTS = [
  ["traffic rises \u2192 in the metric", "grey", (r) => [r.rise, r.seen]],
  ["in the metric \u2192 decision", "sky", (r) => [r.seen, r.decided]],
  ["first \u2192 last decision", "purple", (r) => [r.decided, r.last]],
  ["cold start", "blue", (r) => [r.last, r.ready]],
  ["ready \u2192 SLO holds again", "vermillion", (r) => [r.ready, r.calm]],
];

function reactionRow(chart, frame, reaction, x, top, series) {
  const start = reaction.rise === null ? reaction.seen : reaction.rise;
  const group = svg("g", { role: "button", tabindex: 0, "aria-label": `${reaction.when}, ${reaction.before} to ${reaction.after} replicas: show it over time` });
  const pairs = [];
  PARTS.forEach(([name, ink, ends]) => {
    const [from, to] = ends(reaction);
    if (from === null || to === null || to <= from) return;
    pairs.push([name, duration(to - from)]);
    const [left, right] = [x(from - start), x(to - start)];
    group.append(svg("rect", { x: left, y: top, width: Math.max(1, right - left - 1), height: 17, fill: colour(ink) }));
    if (right - left > 46) group.append(words((left + right) / 2, top + 13, duration(to - from), { "text-anchor": "middle", class: "halo" }));
  });
  if (reaction.calm !== null && reaction.calm <= reaction.ready) {
    pairs.push(["SLO holds again after", duration(reaction.calm - start)]);
    group.append(svg("path", { d: `M${x(reaction.calm - start)} ${top - 2}v21`, stroke: colour("vermillion"), "stroke-width": 3 }));
  }
  if (reaction.calm === null && series.promised) pairs.push(["SLO", "never broken"]);
  hintFor(group, () => [html("b", {}, `${reaction.when}: ${reaction.before} \u2192 ${reaction.after} replicas`), rows(pairs)]);
  onPress(group, () => {
    zoomTo(start - 300, Math.max(reaction.ready, reaction.calm || 0) + 600);
    const at = series.decisions.findIndex((mark) => mark[0] >= reaction.decided - 1e-6 && changed(mark));
    if (at >= 0) chooseDecision(at);
    find("time").scrollIntoView({ block: "start" });
  });
  chart.append(group);
}

function drawReactions() {
  const series = current();
  const home = find("reaction");
  home.closest("section").hidden = !data.series.some((series) => series.reactions.length);
  find("reaction-table").replaceChildren(reactionTable());
  if (!series || !series.reactions.length) {
    find("reaction-lead").textContent = "It ordered no replicas in what is measured.";
    home.replaceChildren(policyPicker("policy-reaction"));
    find("reaction-legend").replaceChildren();
    return;
  }
  const shown = series.reactions;
  find("reaction-lead").textContent = `${shown.length < series.reactions_all ? `The ${shown.length} longest of ` : "All "}${series.reactions_all} reaction${series.reactions_all > 1 ? "s" : ""} of the first replication, in order of time. A rise of traffic that took longer than ten minutes has no instant and is left out. Instants taken from the timeline are as fine as its intervals.`;
  const width = widthOf(home);
  const narrow = width < 640;
  const row = narrow ? 40 : 26;
  const frame = { left: narrow ? 6 : 205, right: width - 14, top: 4, bottom: shown.length * row + 4, tight: true };
  const start = (r) => (r.rise === null ? r.seen : r.rise);
  const longest = Math.max(1, ...shown.map((r) => Math.max(r.ready, r.calm || 0) - start(r)));
  const x = linear(0, longest * 1.02, frame.left, frame.right);
  const chart = canvas(width, frame.bottom + 24, "parts of the reaction time", "group");
  const steps = TIME_STEPS.find((step) => longest / step <= Math.max(3, (frame.right - frame.left) / 90)) || longest;
  const ticks = Array.from({ length: Math.floor(longest / steps) + 1 }, (_, n) => ({ at: n * steps, label: duration(n * steps) }));
  chart.append(...xAxis(frame, x, ticks, true));
  shown.forEach((reaction, n) => {
    const top = frame.top + n * row + (narrow ? 18 : 3);
    const text = `${reaction.when}  ${reaction.before} \u2192 ${reaction.after}`;
    chart.append(words(narrow ? 6 : frame.left - 8, top + (narrow ? -4 : 13), text, { "text-anchor": narrow ? "start" : "end", class: narrow ? "halo" : null }));
    reactionRow(chart, frame, reaction, x, top, series);
  });
  home.replaceChildren(policyPicker("policy-reaction"), chart);
  const keys = PARTS.map(([name, ink]) => item(areaKey(colour(ink)), name));
  keys.push(item(sketch(svg("path", { d: "M11 0V12", stroke: colour("vermillion"), "stroke-width": 3 })), "SLO holds again while replicas still start"));
  find("reaction-legend").replaceChildren(...keys);
}

function reactionTable() {
  const heads = ["policy", "reactions", ...PARTS.map((part) => part[0])];
  const cell = (pair) => html("td", {}, pair ? `${duration(pair[0])} / ${duration(pair[1])}` : "-");
  const body = data.series.filter((series) => series.reactions_all).map((series) => {
    const name = data.policies[series.policy].name;
    const several = data.series.some((other) => other.policy === series.policy && other !== series);
    return html("tr", {}, html("th", { scope: "row" }, several ? `${name}, ${series.service}` : name), html("td", {}, String(series.reactions_all)), series.reaction_parts.map(cell));
  });
  return html("table", {}, html("caption", { class: "note" }, "Median / 95th percentile over all reactions"),
    html("thead", {}, html("tr", {}, heads.map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, body));
}
