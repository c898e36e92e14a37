// Two calls side by side on call time: each is an explorer of its own, and cursor, zoom, measures and scales are one.

// What a side sees of the widget's state, in which every name has a number.
class SideOfModel {
  constructor(model, side) { Object.assign(this, { model, side, heard: new Map() }); }
  get(name) { return this.model.get(`${name}_${this.side}`); }
  on(event, act) {
    let own = act;
    if (event === "msg:custom") this.heard.set(act, (own = (message, buffers) => { if (message.side === this.side) act(message, buffers); }));
    this.model.on(this.named(event), own);
  }
  off(event, act) { this.model.off(this.named(event), this.heard.get(act) || act); }
  named(event) { return event === "change:tick" ? `change:tick_${this.side}` : event; }
  send(message) { this.model.send({ ...message, side: this.side }); }
}

class Side extends Explorer {
  get start() { return this.page?.limits ? this.page.limits[0] : 0; }

  // Times are those since the call's start.
  clock(seconds, fine = true) {
    const all = Math.round(seconds - this.start), size = Math.abs(all), two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(size / 3600), minutes = Math.floor(size / 60) % 60;
    return `${all < 0 ? "−" : "+"}${hours ? `${hours}:${two(minutes)}` : minutes}${fine || !hours ? `:${two(size % 60)}` : ""}`;
  }
  offset() { return -this.start; }
  tickWords(ticks) { return ticks.map((at) => this.clock(at)); }
  rulerWords() { return "since its start"; }
  words(text) { return !text || !this.page.limits ? text : this.retimed(text); }

  renderHead() {
    const { page, link } = this;
    const people = page.lanes?.length ?? 0;
    const began = page.began ?? page.limits?.[0];
    fill(this.parts.head,
      h("span", { class: "rtk-letter", "aria-hidden": "true" }, link.letters[link.number(this)]),
      h("strong", { class: "rtk-title" }, bdi(page.title || "call", 40)),
      began !== undefined && h("span", { class: "rtk-when" }, `${this.day(began)}, ${super.clock(began, false)} · ${people} ${people === 1 ? "person" : "people"}${page.reports === people ? "" : `, ${page.reports} ${page.reports === 1 ? "report" : "reports"}`}`),
      h("span", { class: "rtk-spring" }),
      this.button("Copy story", "Copy what happened in this call as text, for a ticket", () => this.copy(page.story || "", "The story is in the clipboard.")));
  }
  renderCalls() { this.parts.calls.hidden = true; }
  renderAsk() { this.parts.ask.hidden = true; }
  chips() { return []; }
  renderBar() {
    const { page, scene } = this, people = scene.people ?? null;
    fill(this.parts.bar,
      people && this.button(`Everybody (${page.lanes.length})`, "Look at everybody again", () => this.send({ do: "filter", people: null })),
      scene.finding !== null && scene.finding !== undefined && this.button("Leave the finding", "Look at the call without a finding", () => this.choose(null)),
      h("span", { class: "rtk-quiet rtk-hint" }, this.windowError || (scene.finding === null || scene.finding === undefined ? "choose a finding, or drag over a plot to zoom" : "")));
  }

  top(panel, number) {
    const other = this.link.other(this), there = other?.scene?.panels?.findIndex((one) => one.key === panel.key) ?? -1;
    const own = super.top(panel, number);
    return there < 0 || !other.view ? own : Math.max(own, Explorer.prototype.top.call(other, other.scene.panels[there], there));
  }
  refresh() { super.refresh(); this.link.changed(this); }
  point(seconds) { super.point(seconds); this.link.point(this, seconds === null ? null : seconds - this.start); }
  zoom(view, tell) { super.zoom(view, tell); this.link.zoomed(this); }
  themed() { super.themed(); this.link.themed(this.root.classList.contains("rtk-dark")); }
  renderLanes() { super.renderLanes(); this.link.level(); }
}

class Compare {
  constructor(model, el, leave = null) {
    this.model = model;
    this.leave = leave;
    this.letters = model.get("shared").letters;
    Object.assign(this, { sides: [], lanes: 6, space: 320 });
    this.root = h("div", { class: "rtk rtk-both", tabindex: "-1", role: "region", "aria-label": "Two calls side by side", "data-lm-suppress-shortcuts": "true" },
      (this.bar = h("div", { class: "rtk-bar rtk-shared" })),
      (this.code = h("div", { class: "rtk-dialog" })),
      (this.place = h("div", { class: "rtk-sides" }, h("div", {}), h("div", {}))),
      (this.figures = h("details", { class: "rtk-figures" })),
      (this.copied = h("div", { class: "rtk-note", role: "status" })));
    el.append(this.root);
    this.guard = new Guard(this.root);
    [...this.place.children].forEach((box, number) => {
      const side = new Side(new SideOfModel(model, number), box, this);
      this.sides[number] = side;
    });
    this.onShared = () => { if (!model.get("shared").letters) return; this.renderFigures(); this.level(); };
    this.onMessage = (message) => { if (message.side === null || message.side === undefined) this.heard(message); };
    model.on("change:shared", this.onShared);
    model.on("msg:custom", this.onMessage);
    this.sizes = new ResizeObserver(() => { this.root.classList.toggle("rtk-stacked", this.root.clientWidth < NARROW); this.level(); });
    this.sizes.observe(this.root);
    for (const side of this.sides) this.changed(side);
    this.renderFigures();
  }

  destroy() {
    this.model.off("change:shared", this.onShared);
    this.model.off("msg:custom", this.onMessage);
    this.sizes.disconnect();
    this.guard.destroy();
    for (const side of this.sides) side.destroy();
  }

  number(side) { return this.sides.indexOf(side) < 0 ? this.sides.length : this.sides.indexOf(side); }
  other(side) { return this.sides.length < 2 ? null : this.sides[1 - this.number(side)]; }
  get ready() { return this.sides.length === 2 && this.sides.every((side) => side.view); }

  // ---- one cursor, one zoom, one scale -----------------------------------------------------------------------

  point(side, at) {
    if (!this.ready || this.following) return;
    this.following = true;
    const other = this.other(side);
    other.point(at === null ? null : other.start + at);
    this.following = false;
  }

  zoomed(side) {
    if (!this.ready || this.following) return;
    this.following = true;
    const other = this.other(side);
    other.zoom(side.view.map((edge) => edge - side.start + other.start), false);
    this.following = false;
    this.rescale();
    this.renderBar();
  }

  changed(side) {
    if (!this.ready) return;
    if (side.title !== side.page.title) { side.title = side.page.title; side.renderHead(); }
    this.rescale();
    this.renderBar();
    this.level();
  }

  rescale() { for (const side of this.sides) for (const plot of side.plots) plot.setData(plot.data, true); }

  // What belongs together stands at one height.
  level() {
    if (this.levelling || this.sides.length < 2) return;
    this.levelling = requestAnimationFrame(() => {
      this.levelling = 0;
      const stacked = this.root.classList.contains("rtk-stacked");
      for (const name of ["head", "note", "verdict", "left", "bar", "axis"]) {
        const parts = this.sides.map((side) => side.parts[name]);
        for (const part of parts) part.style.minHeight = "";
        const most = Math.max(...parts.map((part) => part.offsetHeight));
        if (!stacked) for (const part of parts) if (part.offsetHeight < most) part.style.minHeight = `${most}px`;
      }
    });
  }
  themed(dark) { this.root?.classList.toggle("rtk-dark", dark); }

  // ---- what is chosen for both -------------------------------------------------------------------------------

  renderBar() {
    const back = this.guard.keepFocus(), [one, two] = this.sides;
    const { scene } = one, whole = one.view[0] <= one.page.limits[0] && one.view[1] >= one.page.limits[1];
    const titles = new Map([...(scene.panels || []), ...one.page.measures, ...two.page.measures].map((each) => [each.key, each.title]));
    const offered = [...titles].filter(([key], n) => scene.measures.includes(key) || this.all || n < CHIPS);
    const chip = ([key, title]) => h("button", { type: "button", class: "rtk-chip", "aria-pressed": String(scene.measures.includes(key)), "data-k": `both ${key}`, onclick: () => {
      const next = scene.measures.includes(key) ? scene.measures.filter((each) => each !== key) : [...scene.measures, key].slice(-3);
      if (next.length) one.send({ do: "filter", measures: next });
    } }, h("span", { "aria-hidden": "true" }, scene.measures.includes(key) ? "☑ " : "☐ "), title);
    const button = (text, title, act, props = {}) => h("button", { type: "button", class: "rtk-button", title, "data-k": `both ${title}`, onclick: act, ...props }, text);
    fill(this.bar,
      this.leave && button("◂ One call", "Look at the first call alone again", this.leave),
      h("span", { class: "rtk-span" }, `${one.clock(one.view[0])} to ${one.clock(one.view[1])}`),
      button("Whole calls", "Look at all of both calls", () => one.zoom(one.page.limits, true), { disabled: whole }),
      button("−", "Zoom out", () => one.scaled(2), { "aria-label": "Zoom out", disabled: whole }),
      button("+", "Zoom in", () => one.scaled(0.5), { "aria-label": "Zoom in" }),
      h("span", { class: "rtk-chips", role: "group", "aria-label": "Measures" }, offered.map(chip),
        titles.size > CHIPS && h("button", { type: "button", class: "rtk-chip", "aria-expanded": String(Boolean(this.all)), "data-k": "both more", onclick: () => { this.all = !this.all; this.renderBar(); } }, this.all ? "▾ fewer" : "▸ more")),
      h("span", { class: "rtk-spring" }),
      button("Show code", "Show the Python lines for what is on the screen", () => this.model.send({ do: "both code" })));
    back();
  }

  heard(message) {
    if (message.kind !== "both code") return;
    const close = () => this.code.replaceChildren();
    const copy = () => this.sides[0].copy(message.text, "The code is in the clipboard.");
    fill(this.code, h("div", { class: "rtk-code-box", role: "dialog", "aria-label": "Code", onkeydown: (event) => { if (event.key === "Escape") close(); } },
      h("div", { class: "rtk-row" }, h("b", {}, "The same without widgets"), h("button", { type: "button", class: "rtk-button", onclick: copy }, "Copy"), h("button", { type: "button", class: "rtk-button", onclick: close }, "Close")),
      h("pre", { class: "rtk-code", tabindex: "0" }, message.text)));
    this.code.querySelector("button").focus();
  }

  renderFigures() {
    const { table } = this.model.get("shared");
    if (!table?.length) { this.figures.hidden = true; return; }
    this.figures.hidden = false;
    const cell = (value, worse) => h("td", { class: worse ? "rtk-number rtk-worse" : "rtk-number" }, worse ? "▲ " : "", value === null ? "–" : figure(value));
    fill(this.figures,
      h("summary", { "data-k": "figures" }, `The figures of both calls (${table.filter((row) => row.worse === 0).length} worse in ${this.letters[0]}, ${table.filter((row) => row.worse === 1).length} worse in ${this.letters[1]})`),
      h("div", { class: "rtk-table", tabindex: "0", role: "region", "aria-label": "Figures of both calls" }, h("table", {},
        h("thead", {}, h("tr", {}, ["figure", ...this.letters.map((letter) => `${letter}: median of the people`), ...this.letters.map((letter) => `${letter}: who is worst off`)].map((title, n) => h("th", { scope: "col", class: n ? "rtk-number" : "" }, title)))),
        h("tbody", {}, table.map((row) => h("tr", {}, h("th", { scope: "row" }, row.title, row.unit ? `, ${row.unit.replace(/^(score|MOS) /, "")}` : ""), row.values.map((value, n) => cell(value, row.worse === n)), row.worst.map((value) => cell(value, false))))))));
  }
}
