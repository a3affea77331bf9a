// What scripts add to the console: freshness, the day's drawing, keys.
// Everything else works without them.
"use strict";

(() => {
  // htmx parses what the bridge sends; nothing else makes markup of text.
  // No policy makes scripts or their addresses, so none can be brought in.
  if (window.trustedTypes) {
    window.trustedTypes.createPolicy("default", {
      createHTML(text) {
        if (/<(script|iframe|object|embed|base)[\s>/]/i.test(text)) {
          throw new TypeError("no such markup is sent by the bridge");
        }
        return text;
      },
    });
  }

  const FRESH_EVERY = 7000;
  const DRAWN_EVERY = 60000;

  const every = (span, act) => setInterval(() => {
    if (document.visibilityState === "visible") act();
  }, span);

  // ------------------------------------------------------------- fresh
  const freshen = () => {
    // Whoever stands on a row or marks text is not disturbed.
    const at = document.activeElement;
    const part = document.querySelector("[hx-get]");
    const marked = String(getSelection()) !== "";
    if (!part || marked || (at && part.contains(at))) return;
    document.body.dispatchEvent(new Event("fresh"));
  };
  every(FRESH_EVERY, freshen);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") freshen();
  });

  // ----------------------------------------------------------- drawing
  const drawing = document.getElementById("drawing");
  const colour = (name) => getComputedStyle(document.documentElement)
    .getPropertyValue(name).trim();
  let plots = [];

  const lines = (told, names, columns, unit) => {
    const strokes = ["#1e88e5", "#43a047", "#e53935", "#fb8c00"];
    const dashes = [[], [8, 4], [2, 3], [8, 3, 2, 3]];
    const axis = {
      stroke: colour("--pico-color"),
      grid: { stroke: colour("--pico-muted-border-color") },
    };
    return new window.uPlot({
      width: Math.max(280, drawing.clientWidth),
      height: 200,
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), told.zone),
      axes: [
        { ...axis, values: "{HH}:{mm}" },
        { ...axis, values: (_plot, all) => all.map((one) => one + unit) },
      ],
      series: [
        { label: told.time, value: "{HH}:{mm}" },
        ...names.map((name, nth) => ({
          label: told[name], stroke: strokes[nth], dash: dashes[nth], width: 2,
        })),
      ],
    }, columns, drawing);
  };

  const draw = async () => {
    const told = drawing.dataset;
    const answer = await fetch(told.figures, { credentials: "same-origin" });
    if (!answer.ok) return;
    const day = await answer.json();
    const at = day.at.map((one) => one / 1000);
    const seconds = (all) => all.map((one) => one === null ? null : one / 1000);
    plots.forEach((plot) => plot.destroy());
    plots = [
      lines(told, ["accepted", "delivered", "failed", "waiting"],
        [at, day.accepted, day.delivered, day.failed, day.waiting], ""),
      lines(told, ["p50", "p95"],
        [at, seconds(day.p50), seconds(day.p95)], " s"),
    ];
  };
  window.addEventListener("load", () => {
    if (!drawing || !window.uPlot) return;
    draw();
    every(DRAWN_EVERY, draw);
    window.addEventListener("resize", () => plots.forEach((plot) => {
      plot.setSize({ width: Math.max(280, drawing.clientWidth), height: 200 });
    }));
  });

  // -------------------------------------------------------------- keys
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let goes = false;

  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.classList.contains("here"));
    const next = Math.min(all.length - 1, Math.max(0, now + by));
    all.forEach((row) => row.classList.remove("here"));
    all[next].classList.add("here");
    const link = all[next].querySelector("a");
    if (link) link.focus();
    all[next].scrollIntoView({ block: "nearest" });
  };

  const help = () => {
    const dialog = document.getElementById("keys");
    if (dialog && !dialog.open) dialog.showModal();
  };

  const find = (event) => {
    const field = document.getElementById("find");
    if (!field) return;
    event.preventDefault();
    field.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select")) return;
    if (document.querySelector("dialog[open]")) return;
    if (goes) {
      goes = false;
      const key = CSS.escape(event.key);
      const link = document.querySelector(`[data-key="${key}"]`);
      if (link) link.click();
      return;
    }
    switch (event.key) {
      case "/": find(event); break;
      case "j": move(1); break;
      case "k": move(-1); break;
      case "g": goes = true; break;
      case "?": help(); break;
      default:
    }
  });
})();
