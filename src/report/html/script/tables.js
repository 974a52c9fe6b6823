// The SLO by minute, the hours of the week, and the parts of a reaction.

// Shares of late requests in a minute: kept, and three degrees of broken.
function lateDegree({ late: all, also }, at) {
  const late = all[at];
  if (late === null) return null;
  if (late <= 1 - data.quantile + 1e-9) return also.includes(at) ? 1 : 0;
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
      while (end < late.length && lateDegree(series.minutes, end) === lateDegree(series.minutes, at)) end += 1;
      const degree = lateDegree(series.minutes, at);
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
  find("minutes-lead").textContent = `Minutes of arrival, first replication: the share of their requests that failed or took longer than ${data.limit}. At most ${percent(1 - data.quantile)} may.${data.slos.length > 1 ? " A minute is kept if every SLO is." : ""} Choose one to see its hour over time.`;
  const key = (degree, text) => item(sketch(svg("rect", { x: 1, y: 0, width: 20, height: 12, ...LATE_LOOK[degree] })), text);
  find("minutes-legend").replaceChildren(key(0, "kept"), key(1, "broken, up to 5 % late"), key(2, "up to 25 %"), key(3, "more"));
}

const HEATS = [
  { key: "idle", title: "Waste", unit: "idle replica-hours in an hour", ink: "waste" },
  { key: "waiting", title: "Unmet: waiting", unit: "requests waiting, on average", ink: "heat" },
  { key: "failed", title: "Unmet: failed", unit: "requests failed in an hour", ink: "heat" },
];

// One scale for all policies, so that they can be compared by switching.
function heatTop(key) {
  let top = 0;
  for (const series of data.series) {
    for (const row of series.week || []) {
      for (const hour of row.hours) top = Math.max(top, hour ? hour[key] : 0);
    }
  }
  return top;
}

function heatTable(series, { key, title, unit, ink }) {
  const top = heatTop(key);
  const cell = (hour, n, day) => {
    if (!hour) return html("td", { class: "none", title: "not measured" });
    const share = top > 0 ? hour[key] / top : 0;
    const strength = share > 0 ? 0.08 + 0.92 * Math.sqrt(share) : 0;
    const style = share > 0 ? `background:rgb(var(--${ink}) / ${strength.toFixed(3)})` : null;
    const title = `${day} ${two(n)}:00-${two((n + 1) % 24)}:00: ${number(hour[key])} ${unit}`;
    return html("td", { style, title, class: strength > 0.62 ? "full" : null }, hour[key] > 0 ? short(hour[key]) : "0");
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
  find("week").replaceChildren(policyPicker("policy-week"), ...HEATS.map((heat) => heatTable(series, heat)));
}

// Parts of a reaction in order: key, words, colour. Stages of cold starts beyond these are told apart by name.
const PARTS = [
  { key: "rise_to_metric", name: "traffic rises \u2192 in the metric", ink: "grey" },
  { key: "metric_to_decision", name: "in the metric \u2192 decision", ink: "sky" },
  { key: "further_decisions", name: "further decisions", ink: "purple" },
  { key: "actuation_delay", name: "actuation delay", ink: "rust" },
  { key: "launch_rate", name: "held back by the launch rate", ink: "starting" },
  { key: "start", name: "start-up", ink: "blue" },
  { key: "cold_start", name: "cold start", ink: "blue" },
  { key: "provision", name: "provision", ink: "blue" },
  { key: "pull", name: "pull", ink: "teal" },
  { key: "boot", name: "boot", ink: "green" },
  { key: "warm_up", name: "warm-up", ink: "lime" },
  { key: "ready_to_slo", name: "ready \u2192 SLO holds again", ink: "vermillion" },
];

// A stage of a cold start that has a name of its own.
function unknownPart(key) {
  return { key, name: key, ink: "blue" };
}

// Those that took time in some reaction of the page.
function usedParts() {
  const known = PARTS.map((part) => part.key);
  const used = (key) => data.series.some(({ reaction_parts }) => reaction_parts[key] && reaction_parts[key].p95 > 0);
  const others = [...new Set(data.series.flatMap((series) => Object.keys(series.reaction_parts)))].filter((key) => !known.includes(key));
  const last = PARTS.length - 1;
  return [...PARTS.slice(0, last), ...others.map(unknownPart), PARTS[last]].filter((part) => used(part.key));
}

// A word on a bar is left out before it is cut off.
function barText(left, right, name, length) {
  const room = right - left;
  const text = [`${name} ${length}`, length].find((text) => text.length * 6.6 + 8 < room);
  return text ? words((left + right) / 2, 0, text, { "text-anchor": "middle", class: "halo" }) : null;
}

const STAGES = ["cold_start", "provision", "pull", "boot", "warm_up"];

function reactionRow(chart, frame, reaction, x, top, series) {
  const { start } = reaction;
  const group = svg("g", { role: "button", tabindex: 0, "data-reaction": reaction.when, "aria-label": `${reaction.when}, ${reaction.before} to ${reaction.after} replicas: show it over time` });
  const pairs = [];
  let from = start;
  for (const { name: key, end: to } of reaction.parts) {
    const { name, ink } = PARTS.find((part) => part.key === key) || unknownPart(key);
    if (to > from) {
      pairs.push([name, duration(to - from)]);
      const [left, right] = [x(from - start), x(to - start)];
      group.append(svg("rect", { "data-part": key, x: left, y: top, width: Math.max(1, right - left - 1), height: 18, fill: colour(ink) }));
      const text = barText(left, right, STAGES.includes(key) ? name : "", duration(to - from));
      if (text) {
        text.setAttribute("y", top + 13);
        group.append(text);
      }
    }
    from = to;
  }
  if (reaction.ordered) pairs.push(["replicas ordered", `${reaction.ordered}${reaction.cancelled ? `, ${reaction.cancelled} cancelled` : ""}`]);
  if (reaction.first_ready !== null && reaction.first_ready < reaction.ready) {
    pairs.push(["first ready after", duration(reaction.first_ready - start)]);
    const at = x(reaction.first_ready - start);
    group.append(svg("path", { d: `M${at - 5} ${top - 5}h10l-5 8Z`, fill: colour("ink"), stroke: colour("paper") }));
  }
  if (reaction.calm !== null && reaction.calm <= reaction.ready) {
    pairs.push(["SLO holds again after", duration(reaction.calm - start)]);
    group.append(svg("path", { d: `M${x(reaction.calm - start)} ${top - 2}v22`, stroke: colour("vermillion"), "stroke-width": 3 }));
  }
  if (reaction.lost) {
    const at = x(reaction.ready - start);
    group.append(svg("path", { d: `M${at + 1} ${top + 9}h7v-6l7 6l-7 6v-6`, fill: colour("vermillion"), stroke: colour("vermillion"), "stroke-width": 2 }));
  }
  if (reaction.calm === null && series.has_slo) pairs.push(["SLO", reaction.lost ? "does not hold again" : "never broken"]);
  hintFor(group, () => [html("b", {}, `${reaction.when}: ${reaction.before} \u2192 ${reaction.after} replicas`), rows(pairs)]);
  onPress(group, () => {
    zoomTo(start - 300, Math.max(reaction.ready, reaction.calm || 0) + 600);
    const at = series.decisions.findIndex((mark) => mark.at >= reaction.decided - 1e-6 && changed(mark));
    if (at >= 0) chooseDecision(at);
    find("time").scrollIntoView({ block: "start" });
  });
  chart.append(group);
}

function reactionLead(series) {
  const shown = series.reactions.length;
  const all = series.reactions_all;
  const which = all === 1 ? "The only reaction" : shown < all ? `The ${shown} longest of ${all} reactions` : `All ${all} reactions`;
  return `${which} of the first replication, in order of time. Cold starts are those of the replica that was ready last. A rise of traffic that took longer than ten minutes has no instant and is left out. Rise and SLO are as fine as the timeline's intervals.`;
}

function reactionLegend(series) {
  const shown = new Set(series.reactions.flatMap((reaction) => reaction.parts.map((part) => part.name)));
  const keys = usedParts().filter(({ key }) => shown.has(key)).map(({ name, ink }) => item(areaKey(colour(ink)), name));
  if (series.reactions.some((r) => r.first_ready !== null && r.first_ready < r.ready)) {
    keys.push(item(sketch(svg("path", { d: "M6 2h10l-5 8Z", fill: colour("ink") })), "first replica ready"));
  }
  if (series.reactions.some((r) => r.calm !== null && r.calm <= r.ready)) {
    keys.push(item(sketch(svg("path", { d: "M11 0V12", stroke: colour("vermillion"), "stroke-width": 3 })), "SLO holds again while replicas still start"));
  }
  if (series.reactions.some((r) => r.lost)) {
    keys.push(item(sketch(svg("path", { d: "M2 6h9v-5l7 5l-7 5v-5", fill: colour("vermillion"), stroke: colour("vermillion"), "stroke-width": 2 })), "SLO does not hold again"));
  }
  return keys;
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
  find("reaction-lead").textContent = reactionLead(series);
  const width = widthOf(home);
  const narrow = width < 640;
  const row = narrow ? 46 : 30;
  const frame = { left: narrow ? 6 : 205, right: width - 14, top: 4, bottom: shown.length * row + 4, tight: true };
  const longest = Math.max(1, ...shown.map((r) => Math.max(r.ready, r.calm || 0) - r.start));
  const x = linear(0, longest * 1.02, frame.left, frame.right - 14);
  const chart = canvas(width, frame.bottom + 24, "parts of the reaction time", "group");
  const steps = TIME_STEPS.find((step) => longest / step <= Math.max(3, (frame.right - frame.left) / 90)) || longest;
  const ticks = Array.from({ length: Math.floor(longest / steps) + 1 }, (_, n) => ({ at: n * steps, label: duration(n * steps) }));
  chart.append(...xAxis(frame, x, ticks, true));
  shown.forEach((reaction, n) => {
    const top = frame.top + n * row + (narrow ? 22 : 6);
    const text = `${reaction.when}  ${reaction.before} \u2192 ${reaction.after}`;
    chart.append(words(narrow ? 6 : frame.left - 8, top + (narrow ? -7 : 13), text, { "text-anchor": narrow ? "start" : "end", class: narrow ? "halo" : null }));
    reactionRow(chart, frame, reaction, x, top, series);
  });
  home.replaceChildren(policyPicker("policy-reaction"), chart);
  find("reaction-legend").replaceChildren(...reactionLegend(series));
}

function reactionTable() {
  const parts = usedParts();
  const heads = ["policy", "reactions", ...parts.map((part) => part.name)];
  const cell = (usual) => html("td", {}, usual ? `${duration(usual.median)} / ${duration(usual.p95)}` : "-");
  const body = data.series.filter((series) => series.reactions_all).map((series) => {
    const name = data.policies[series.policy].name;
    const several = data.series.some((other) => other.policy === series.policy && other !== series);
    const cells = parts.map(({ key }) => cell(series.reaction_parts[key]));
    return html("tr", {}, html("th", { scope: "row" }, several ? `${name}, ${series.service}` : name), html("td", {}, String(series.reactions_all)), cells);
  });
  return html("table", {}, html("caption", { class: "note" }, "Median / 95th percentile over all reactions"),
    html("thead", {}, html("tr", {}, heads.map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, body));
}
