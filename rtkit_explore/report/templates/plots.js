"use strict";
// Makes the plots over time ones to zoom and hover. Each figure brings its data as JSON beside its picture; where this
// script does not run, and on paper, the picture stands. Texts become text nodes, never markup.
(() => {
  const HEIGHT = 170;
  const NEAR = 3; // seconds around the cursor in which an event is named
  // Colours that are too dark on a dark page, and what stands for them there.
  const ON_DARK = { "#000000": "#e6e9ec", "#332288": "#a99bf5", "#0072B2": "#4aa8e0", "#8C8C8C": "#9aa0a6" };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => (dark.matches && ON_DARK[name]) || name;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const two = (number) => String(number).padStart(2, "0");

  function clock(seconds, precise) {
    const at = new Date(seconds * 1000); // the zone's own clock, counted as if it were UTC
    const minutes = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
    return precise ? `${minutes}:${two(at.getUTCSeconds())}` : minutes;
  }

  function element(name, of, text = "") {
    const made = document.createElement(name);
    made.className = of;
    made.textContent = text;
    return made;
  }

  function value(number, panel) {
    if (number == null) return "";
    return panel.words ? (panel.words[number] ?? "") : String(number);
  }

  // What stands behind and above the lines: the window of the finding, events, the threshold ---------------------------

  function behind(plot, data) {
    if (!data.window) return;
    const { ctx, bbox } = plot;
    const [from, to] = data.window.map((at) => plot.valToPos(at, "x", true));
    ctx.save();
    ctx.fillStyle = css("--window");
    const left = Math.max(from, bbox.left);
    const right = Math.min(Math.max(to, from + 2), bbox.left + bbox.width);
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.restore();
  }

  function above(plot, data, panel) {
    const { ctx, bbox } = plot;
    const inside = (at) => at >= bbox.left && at <= bbox.left + bbox.width;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = css("--quiet");
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const event of data.events) {
      const at = plot.valToPos(event.at, "x", true);
      if (!inside(at)) continue;
      ctx.beginPath();
      ctx.moveTo(at, bbox.top + (event.line ? 0 : bbox.height * 0.94));
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (panel.threshold != null) {
      const at = plot.valToPos(panel.threshold, "y", true);
      ctx.lineWidth = 1.6 * devicePixelRatio;
      ctx.strokeStyle = css("--text");
      ctx.setLineDash([8, 3, 2, 3].map((length) => length * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(bbox.left, at);
      ctx.lineTo(bbox.left + bbox.width, at);
      ctx.stroke();
    }
    ctx.restore();
  }

  // One panel ----------------------------------------------------------------------------------------------------------

  function lines(panel) {
    const stepped = uPlot.paths.stepped({ align: 1, alignGaps: 1, extend: true });
    const made = panel.series.map((one) => ({
      label: one.label,
      stroke: colour(one.colour),
      width: one.other ? 0.7 : 1.6,
      alpha: one.other ? 0.6 : 1,
      dash: one.dash ? [7, 3] : undefined,
      paths: stepped,
      points: { show: false },
    }));
    if (!panel.band) return made;
    const grey = colour("#8C8C8C");
    const edge = { stroke: grey, width: 0.5, alpha: 0.5, paths: stepped, points: { show: false } };
    return [...made, { ...edge, label: "95 %" }, { ...edge, label: "5 %" }, { ...edge, label: "median", width: 1, alpha: 1 }];
  }

  // The others' band has edges of its own: its columns are brought to the moments of the lines.
  function columns(panel) {
    if (!panel.band) return [panel.x, ...panel.y];
    const { x, low, middle, high } = panel.band;
    const moments = [...new Set([...panel.x, ...x])].sort((one, other) => one - other);
    const spread = (from, numbers) => {
      let place = -1;
      return moments.map((at) => {
        while (place + 1 < from.length && from[place + 1] <= at) place += 1;
        return place < 0 ? null : numbers[place];
      });
    };
    const own = panel.y.map((numbers) => spread(panel.x, numbers));
    return [moments, ...own, spread(x, high), spread(x, low), spread(x, middle)];
  }

  function options(figure, panel, width, last) {
    const { data, key } = figure;
    const grid = { stroke: css("--line"), width: 1 };
    const axis = { stroke: css("--quiet"), grid, ticks: grid, font: "11px system-ui, sans-serif" };
    const own = panel.series.length;
    return {
      width,
      height: HEIGHT + (last ? 24 : 0),
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        sync: { key, setSeries: false },
        drag: { x: true, y: false, setScale: true },
        points: { size: 6 },
        focus: { prox: 24 },
      },
      focus: { alpha: 1 },
      scales: {
        x: { time: true, min: data.from, max: data.to },
        y: { range: () => panel.range },
      },
      axes: [
        {
          ...axis,
          size: last ? 32 : 8,
          values: (plot, splits, axisIndex, space, step) => splits.map((at) => (last ? clock(at, step < 60) : "")),
        },
        {
          ...axis,
          size: 62,
          label: panel.label,
          labelSize: 16,
          labelFont: "11px system-ui, sans-serif",
          ...(panel.words && {
            splits: () => panel.words.map((_, place) => place),
            values: () => panel.words,
          }),
        },
      ],
      series: [{}, ...lines(panel)],
      bands: panel.band ? [{ series: [own + 1, own + 2], fill: dark.matches ? "#ffffff22" : "#00000018" }] : undefined,
      hooks: {
        drawClear: [(plot) => behind(plot, data)],
        draw: [(plot) => above(plot, data, panel)],
        setCursor: [(plot) => figure.hover(plot, panel)],
        setScale: [(plot, scale) => scale === "x" && figure.zoomed(plot)],
      },
    };
  }

  // One figure: its panels share zoom, cursor and legend ---------------------------------------------------------------

  class LiveFigure {
    constructor(root, number) {
      this.root = root;
      this.key = `figure ${number}`;
      this.data = JSON.parse(root.querySelector("script").textContent);
      this.hidden = new Set();
      this.plots = [];
      this.box = element("div", "interactive");
      this.box.tabIndex = 0;
      this.box.setAttribute("role", "group");
      this.box.setAttribute("aria-label", `${root.querySelector("img").alt} Arrow keys move the cursor, + and - zoom, Escape shows all.`);
      root.insertBefore(this.box, root.firstChild);
      root.classList.add("live");
      this.box.addEventListener("keydown", (event) => this.pressed(event));
      this.width = 0;
      new ResizeObserver(() => this.resize()).observe(this.box);
      this.build();
    }

    build() {
      for (const plot of this.plots) plot.destroy();
      this.box.replaceChildren();
      this.width = this.box.clientWidth || 900;
      const head = element("div", "readout");
      this.readout = element("span", "at", "Move over the plot for values, drag to zoom.");
      this.readout.setAttribute("aria-live", "off");
      this.reset = element("button", "reset", "Show all");
      this.reset.type = "button";
      this.reset.hidden = true;
      this.reset.addEventListener("click", () => this.zoom(this.data.from, this.data.to));
      head.append(this.readout, this.reset);
      this.box.append(head);
      const { panels } = this.data;
      this.plots = panels.map(
        (panel, place) => new uPlot(options(this, panel, this.width, place === panels.length - 1), columns(panel), this.box),
      );
      this.legend();
      this.apply();
    }

    legend() {
      const list = element("ul", "legend");
      this.entries = new Map();
      for (const panel of this.data.panels) {
        for (const one of panel.series) {
          if (this.entries.has(one.label)) continue;
          const button = element("button", one.other ? "series other" : "series");
          button.type = "button";
          const mark = element("span", one.dash ? "mark dash" : "mark");
          mark.style.borderColor = colour(one.colour);
          const number = element("span", "value");
          button.append(mark, element("bdi", "", one.label), number);
          button.addEventListener("click", () => {
            if (!this.hidden.delete(one.label)) this.hidden.add(one.label);
            this.apply();
          });
          const item = document.createElement("li");
          item.append(button);
          list.append(item);
          this.entries.set(one.label, { button, number });
        }
      }
      const explain = (kind, words) => {
        const item = element("li", "sign");
        item.append(element("span", `mark ${kind}`), document.createTextNode(words));
        list.append(item);
      };
      if (this.data.panels.some((panel) => panel.threshold != null)) explain("threshold", "threshold");
      if (this.data.window) explain("window", "when the finding holds");
      if (this.data.events.length) explain("event", "event of the client");
      if (this.data.panels.some((panel) => panel.band)) explain("band", "other streams: median and 5 to 95 %");
      this.box.append(list);
    }

    // Hide and show series in every panel.
    apply() {
      this.plots.forEach((plot, place) => {
        plot.batch(() => {
          this.data.panels[place].series.forEach((one, number) => {
            plot.setSeries(number + 1, { show: !this.hidden.has(one.label) });
          });
        });
      });
      for (const [label, { button }] of this.entries) button.setAttribute("aria-pressed", String(!this.hidden.has(label)));
    }

    hover(plot, panel) {
      if (!plot.cursor.event && plot !== this.moved) return; // another panel of this figure is under the pointer
      for (const { number } of this.entries.values()) number.textContent = "";
      const { idx, left } = plot.cursor;
      if (idx == null || left < 0) {
        this.readout.textContent = "Move over the plot for values, drag to zoom.";
        return;
      }
      const at = plot.posToVal(left, "x");
      // The interval under the cursor began at the last moment before it, not at the nearest.
      let place = idx;
      if (plot.data[0][place] > at && place > 0) place -= 1;
      panel.series.forEach((one, number) => {
        this.entries.get(one.label).number.textContent = value(plot.data[number + 1][place], panel);
      });
      const near = this.data.events.filter((event) => Math.abs(event.at - at) <= Math.max(NEAR, this.pixel(plot) * 4));
      const names = [...new Set(near.map((event) => event.name))].slice(0, 6);
      this.readout.textContent = [`${clock(at, true)}, ${panel.label}`, ...names].join("; ");
    }

    pixel(plot) {
      return (plot.scales.x.max - plot.scales.x.min) / Math.max(plot.over.clientWidth, 1);
    }

    zoomed(plot) {
      if (this.zooming || !this.plots.length) return;
      const { min, max } = plot.scales.x;
      if (min != null) this.zoom(min, max);
    }

    zoom(from, to) {
      this.zooming = true;
      const min = Math.max(from, this.data.from);
      const max = Math.min(to, this.data.to);
      for (const plot of this.plots) plot.setScale("x", max - min > 1 ? { min, max } : { min, max: min + 1 });
      this.reset.hidden = min <= this.data.from && max >= this.data.to;
      queueMicrotask(() => {
        this.zooming = false;
      });
    }

    pressed(event) {
      if (event.target !== this.box || event.ctrlKey || event.metaKey || event.altKey) return;
      const plot = this.plots[0];
      const { min, max } = plot.scales.x;
      const wide = plot.over.clientWidth;
      const left = plot.cursor.left >= 0 ? plot.cursor.left : wide / 2;
      const at = plot.posToVal(left, "x");
      const zoom = (factor) => this.zoom(at - (at - min) * factor, at + (max - at) * factor);
      const move = (pixels) => {
        this.moved = plot;
        plot.setCursor({ left: Math.min(Math.max(left + pixels, 0), wide - 1), top: 10 });
        this.readout.setAttribute("aria-live", "polite");
      };
      const keys = {
        "+": () => zoom(0.5),
        "-": () => zoom(2),
        ArrowLeft: () => move(-wide / 50),
        ArrowRight: () => move(wide / 50),
        Escape: () => this.zoom(this.data.from, this.data.to),
      };
      if (!keys[event.key]) return;
      keys[event.key]();
      event.preventDefault();
    }

    resize() {
      const width = this.box.clientWidth;
      if (!width || Math.abs(width - this.width) < 2) return;
      this.width = width;
      this.plots.forEach((plot) => plot.setSize({ width, height: plot.height }));
    }
  }

  const figures = [...document.querySelectorAll("figure.plot")].map((root, number) => {
    try {
      return new LiveFigure(root, number);
    } catch (error) {
      root.classList.remove("live"); // the picture stands
      root.querySelector(".interactive")?.remove();
      return null;
    }
  });
  dark.addEventListener("change", () => figures.forEach((figure) => figure?.build()));
})();
