// The explorer's front end. The kernel sends what there is to see (page, scene, columns); what is hovered, zoomed
// or hidden stays here. uPlot (prepended to this module) keeps axes, scales and the cursor; the lines are drawn by
// ours on its canvas, since a sample speaks for the interval before it and every stream has times of its own.

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B87A00", "#2A8FCB", "#000000", "#332288"];
const DARK = ["#5AB0F0", "#FF8A47", "#2FCB9E", "#EBA0CB", "#F0B93A", "#8FD3FF", "#F2F2F2", "#B8AAFF"];
const SIGNS = { bad: "◆", warn: "▲", note: "○", good: "✓", degraded: "▲", unclassified: "?" };
const WORDS = { bad: "bad", warn: "warning", note: "note", good: "good", degraded: "degraded", unclassified: "not judged" };
const MARKS = { on: "▶ switched on", off: "□ switched off", hidden: "▼ tab hidden", device: "+ device", path: "⇄ network path changed", trouble: "▲ trouble", lost: "✕ disconnected or left" };
const GUTTER = 134, RIGHT = 18, PANEL = 92, SPACE = 430, NARROW = 780, LANES = 12, ROWS = 150, MORE_LANES = 48, CHIPS = 6;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

// "reports" is the noun behind these words; else it is what somebody's client does.
const NOUN = /(?:\b(?:the|no|all|both|their|these|those|of|from|own|other|more|without|several|peer)|\d) $/i;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name in node && typeof value !== "string" && name !== "style") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(3)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}
function svg(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  for (const child of children) if (child) node.append(child);
  return node;
}
function fill(node, ...children) {
  node.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
}
// Names are cut in the middle (their ends often tell them apart), whole in the tooltip; each keeps its own direction.
function short(text, most) {
  const letters = [...String(text).replace(/\s+/g, " ").trim()];
  if (letters.length <= most) return letters.join("");
  const head = Math.ceil((most - 1) / 2);
  return letters.slice(0, head).join("") + "…" + letters.slice(letters.length - (most - 1 - head)).join("");
}
const bdi = (text, most = 400) => h("bdi", { title: String(text).length > most ? text : null }, short(text, most));

// Place of the first value that is at least as large.
function at_least(values, wanted) {
  let low = 0, high = values.length;
  while (low < high) { const middle = (low + high) >> 1; if (values[middle] < wanted) low = middle + 1; else high = middle; }
  return low;
}
function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size === 0 ? "0" : value.toFixed(2).replace(/0$/, "");
}

// Keeps keys and the focus of what is shown from the notebook around it.
class Guard {
  constructor(root) {
    this.root = root;
    // A key that is typed here is meant for here: neither the notebook's commands nor its editor may take it.
    for (const kind of ["keydown", "keypress", "keyup", "paste", "copy", "cut"]) this.root.addEventListener(kind, (event) => event.stopPropagation());
    // Nothing is focused but the page itself: keys that scroll would move it away from under the hand.
    this.root.addEventListener("keydown", (event) => {
      if (event.target === this.root && ["Home", "End", "ArrowUp", "ArrowDown", "PageUp", "PageDown", " "].includes(event.key)) event.preventDefault();
    });
    this.root.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("button,input,select,textarea,a,[tabindex='0'],summary")) this.root.focus({ preventScroll: true });
    });
    // The notebook lays its outputs out anew when one of them changes, which drops the focus, and then takes it for
    // itself. It stays here until somebody clicks elsewhere or leaves with Tab.
    this.onFocus = (event) => {
      // A shortcut for whatever has the focus is found on the focused element itself, so that one has to say no, too.
      if (this.root.contains(event.target)) { this.held = event.target; event.target.setAttribute("data-lm-suppress-shortcuts", "true"); return; }
      if (this.held && !this.leaving && event.target.matches?.(".jp-Notebook, .jp-Cell, .jp-WindowedPanel-outer")) this.regain();
      else this.held = null;
    };
    this.onPress = (event) => { this.leaving = !this.root.contains(event.target); if (this.leaving) this.held = null; };
    this.onKey = (event) => {
      this.leaving = event.key === "Tab";
      if (!this.held || this.leaving || (event.target !== document.body && event.target !== document.documentElement)) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      this.regain();
    };
    document.addEventListener("focusin", this.onFocus, true);
    window.addEventListener("pointerdown", this.onPress, true);
    window.addEventListener("keydown", this.onKey, true);
  }

  regain() {
    if (!this.root.isConnected) return;
    const key = this.held?.getAttribute("data-k");
    const again = this.held?.isConnected ? this.held : key && [...this.root.querySelectorAll("[data-k]")].find((node) => node.getAttribute("data-k") === key);
    (again || this.root).focus({ preventScroll: true });
  }

  // What has the focus may be drawn anew: the returned function gives it back to its successor.
  keepFocus() {
    const active = this.root.contains(document.activeElement) ? document.activeElement : null;
    const key = active?.getAttribute("data-k");
    const range = active && "selectionStart" in active && active.type !== "date" ? [active.selectionStart, active.selectionEnd] : null;
    return () => {
      const now = document.activeElement;
      if (!active || (this.root.contains(now) && (now !== this.root || active === this.root))) return;
      const again = key && [...this.root.querySelectorAll("[data-k]")].find((node) => node.getAttribute("data-k") === key);
      (again || this.root).focus({ preventScroll: true });
      if (again && range) try { again.setSelectionRange(...range); } catch { /* not a text box */ }
    };
  }

  destroy() {
    document.removeEventListener("focusin", this.onFocus, true);
    window.removeEventListener("pointerdown", this.onPress, true);
    window.removeEventListener("keydown", this.onKey, true);
  }
}

// The words of the field: a button in the text, and beside it, when it is pointed at, focused or pressed, two sentences.
class Terms {
  constructor(root, given) {
    this.root = root;
    this.given = given;
    this.box = h("div", { class: "rtk-gloss", role: "tooltip", hidden: true, onpointerenter: () => clearTimeout(this.timer), onpointerleave: () => this.hide(200) });
    root.append(this.box);
    this.onKey = (event) => { if (event.key === "Escape" && !this.box.hidden) { this.hide(); event.stopPropagation(); } };
    root.addEventListener("keydown", this.onKey, true);
  }

  get known() {
    const list = this.given() || [];
    if (this.list === list) return this.byName;
    this.list = list;
    this.byName = new Map(list.flatMap(({ term, says, names }) => names.map((name) => [name.toLowerCase(), { term, says }])));
    const names = [...this.byName.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/[ -]/g, "[ -]"));
    this.pattern = names.length ? new RegExp(`(?<![\\w-])(${names.join("|")})(s?)(?!\\w)`, "gi") : null;
    return this.byName;
  }

  // Each term at its first place in the text.
  marked(text) {
    const { known, pattern } = this;
    if (!text || !pattern) return text ? [text] : [];
    const parts = [], seen = new Set();
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      if (match[0].toLowerCase() === "reports" && !NOUN.test(text.slice(0, match.index))) continue;
      const one = known.get(match[1].toLowerCase().replace(/-/g, " ")) || known.get(match[1].toLowerCase());
      if (!one || seen.has(one.term)) continue;
      seen.add(one.term);
      parts.push(text.slice(at, match.index), this.button(match[0], one));
      at = match.index + match[0].length;
    }
    return [...parts, text.slice(at)];
  }

  // A single word, linked wherever it stands.
  word(text) {
    const one = this.known.get(text.toLowerCase()) || this.known.get(text.toLowerCase().replace(/s$/, ""));
    return one ? this.button(text, one) : text;
  }

  button(word, one) {
    return h("button", { type: "button", class: "rtk-term", "aria-description": one.says, onpointerenter: (event) => this.show(event.currentTarget, one, 250), onpointerleave: () => this.hide(250), onfocus: (event) => { if (event.target.matches(":focus-visible")) this.show(event.target, one); }, onblur: () => this.hide(), onclick: (event) => { event.stopPropagation(); this.show(event.currentTarget, one); } }, word);
  }

  show(button, { term, says }, wait = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (!button.isConnected) return;
      fill(this.box, h("b", {}, term), h("span", {}, ` ${says}`));
      this.box.hidden = false;
      const place = button.getBoundingClientRect(), root = this.root.getBoundingClientRect();
      const left = clamp(place.left - root.left, 4, Math.max(4, root.width - this.box.offsetWidth - 8));
      const below = place.bottom - root.top + 4, above = place.top - root.top - this.box.offsetHeight - 4;
      const top = place.bottom + this.box.offsetHeight + 8 > window.innerHeight && above > 0 ? above : below;
      Object.assign(this.box.style, { left: `${left}px`, top: `${top}px` });
    }, wait);
  }
  hide(wait = 0) { clearTimeout(this.timer); this.timer = setTimeout(() => { this.box.hidden = true; }, wait); }
  destroy() { clearTimeout(this.timer); }
}

class Explorer {
  constructor(model, el, link = null) {
    this.link = link;
    this.mostLanes = link?.lanes ?? LANES;
    this.space = link?.space ?? SPACE;
    this.model = model;
    this.hidden = new Set();
    this.lit = null;
    this.cursor = null;
    this.plots = [];
    this.lines = [];
    this.theme = "auto";
    this.tab = null;
    this.opened = new Set();
    this.moreLanes = 0;
    this.sought = "";
    this.showCalls = false;
    this.filters = { words: "", day: "", status: "" };
    this.formats = new Map();
    // Whatever is drawn anew, also on a mere change of size, may hold the focus. Were it lost to the page, the next
    // key would be the notebook's.
    for (const name of ["Head", "Calls", "CallList", "Note", "Verdict", "Ask", "Left", "Bar", "Lanes", "Panels", "Readout", "Tabs"]) {
      const draw = this[`render${name}`].bind(this);
      this[`render${name}`] = () => { const back = this.keepFocus(); draw(); back(); };
    }
    this.build(el);
    this.listen();
    this.refresh();
    if (!link) this.beside();
  }

  // ---- skeleton ----------------------------------------------------------------------------------------------

  build(el) {
    this.el = el;
    this.parts = {};
    const part = (name, tag, props, ...children) => (this.parts[name] = h(tag, props, ...children));
    this.root = h("div", { class: "rtk", tabindex: "-1", role: "region", "aria-label": "Call explorer", "data-lm-suppress-shortcuts": "true" },
      part("head", "header", { class: "rtk-head" }),
      part("calls", "div", { class: "rtk-calls" }),
      part("note", "div", { class: "rtk-note", role: "status", "aria-live": "polite" }),
      part("verdict", "div", { class: "rtk-verdict" }),
      part("ask", "div", { class: "rtk-ask" }),
      part("panel", "div", { class: "rtk-dialog" }),
      part("main", "div", { class: "rtk-main" },
        part("left", "aside", { class: "rtk-left", "aria-label": "What to look at" }),
        part("right", "section", { class: "rtk-right", "aria-label": "When" },
          part("bar", "div", { class: "rtk-bar" }),
          part("time", "div", { class: "rtk-time" },
            part("axis", "div", { class: "rtk-lanes" }),
            part("panels", "div", { class: "rtk-panels" })),
          part("readout", "div", { class: "rtk-readout" }))),
      part("tabs", "div", { class: "rtk-tabs" }),
      part("spoken", "div", { class: "rtk-spoken", "aria-live": "polite" }));
    el.append(this.root);
    this.guard = new Guard(this.root);
    this.terms = new Terms(this.root, () => this.model.get("options").terms);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.root);
    this.themes = new MutationObserver(() => this.themed());
    for (const node of [document.documentElement, document.body]) this.themes.observe(node, { attributes: true });
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.onDark = () => this.themed();
    this.dark.addEventListener("change", this.onDark);
    this.onKeys = (event) => { if (event.key === "Escape" && document.fullscreenElement === this.root) document.exitFullscreen(); };
    document.addEventListener("fullscreenchange", (this.onFull = () => this.resized()));
  }

  listen() {
    this.onTick = () => this.refresh();
    this.onMessage = (message, buffers) => this.heard(message, buffers || []);
    this.onGone = () => this.gone();
    this.onShared = () => this.beside();
    if (!this.link) this.model.on("change:shared", this.onShared);
    this.model.on("change:tick", this.onTick);
    this.model.on("msg:custom", this.onMessage);
    this.model.on("comm_live_update", this.onGone);
  }

  destroy() {
    this.model.off("change:shared", this.onShared);
    this.pair?.destroy();
    this.model.off("change:tick", this.onTick);
    this.model.off("msg:custom", this.onMessage);
    this.model.off("comm_live_update", this.onGone);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.dark.removeEventListener("change", this.onDark);
    document.removeEventListener("fullscreenchange", this.onFull);
    this.guard.destroy();
    this.terms.destroy();
    for (const plot of this.plots) plot.destroy();
    if (this.place) this.place.classList.remove("rtk-live");
    clearTimeout(this.slow); clearTimeout(this.silent);
  }

  // Another call beside this one: both take the place of this one, until somebody goes back.
  beside() {
    const { letters } = this.model.get("shared");
    if (Boolean(letters) === Boolean(this.pair)) return;
    this.root.hidden = Boolean(letters);
    if (letters) this.pair = new Compare(this.model, this.el, () => this.send({ do: "one" }));
    else {
      this.pair.destroy();
      this.pair.root.remove();
      this.pair = null;
      this.answered();
      this.root.focus({ preventScroll: true });
    }
  }

  // While the widget lives, the still of the same cell is not wanted.
  hideStill() {
    if (this.place && this.place.isConnected) return;
    this.place = this.el.closest(".jp-OutputArea, .output_area_container, .cell-output-container, .output, #output-area, .jp-Cell-outputArea")
      || this.el.parentElement?.parentElement?.parentElement;
    if (this.place) this.place.classList.add("rtk-live");
  }

  gone() {
    // The event comes on connecting as well; only a question without an answer tells that nobody is there.
    this.ping = setTimeout(() => this.say("The kernel has stopped or restarted. Run this cell again to go on; zooming and hovering still work.", "warn"), 4000);
    this.send({ do: "code", quiet: true });
  }

  // ---- talking to the kernel ---------------------------------------------------------------------------------

  send(message) {
    if (!message.quiet) {
      this.asked = performance.now();
      this.askedWhat = message.do;
      clearTimeout(this.slow); clearTimeout(this.silent);
      this.slow = setTimeout(() => this.root.classList.add("rtk-busy"), 250);
      this.silent = setTimeout(() => this.say("No answer from the kernel yet: it is busy, or gone. If it was restarted, run this cell again.", "warn"), 15000);
    } else this.quiet = true;
    try { this.model.send({ session: this.page?.session, ...message }); }
    catch (error) { this.say("The kernel cannot be reached. Run this cell again to go on; zooming and hovering still work.", "warn"); }
  }

  answered() {
    clearTimeout(this.slow); clearTimeout(this.silent); clearTimeout(this.ping);
    this.root.classList.remove("rtk-busy");
  }

  heard(message, buffers) {
    if (message.side !== undefined && !this.link) return;
    this.answered();
    if (message.kind === "code" && this.quiet) { this.quiet = false; return; }
    const bytes = buffers[0] && new Uint8Array(buffers[0].buffer ? buffers[0].buffer.slice(buffers[0].byteOffset, buffers[0].byteOffset + buffers[0].byteLength) : buffers[0]);
    if (message.kind === "refused") this.refused(message);
    else if (message.kind === "note") this.say(message.text, "good");
    else if (message.kind === "code") this.showCode(message);
    else if (message.kind === "table") this.showTable(message);
    else if (message.kind === "people") this.showPeople(message);
    else if (message.kind === "answer") { this.toggleCalls(false); this.showAnswer(message); }
    else if (message.kind === "file") { this.download(new Blob([bytes], { type: message.mime }), message.name); this.say(`${message.text}: ${message.name} is in your downloads.`, "good"); }
    else if (message.kind === "picture") this.savePicture(bytes, message);
  }

  refused(message) {
    if (message.about === "window") {
      this.windowError = message.text;
      this.renderBar();
    } else if (message.about === "table") { this.tabError = message.text; this.renderTabs(); }
    else this.say(message.text, "warn");
  }

  say(text, kind = "") {
    this.notice = text ? { text, kind } : null;
    this.renderNote();
  }

  // ---- what has changed --------------------------------------------------------------------------------------

  refresh() {
    const { model } = this;
    this.answered();
    const page = model.get("page"), scene = model.get("scene"), calls = model.get("calls"), options = model.get("options");
    const said = model.get("said");
    const fresh = page !== this.page, moved = scene !== this.scene;
    const other = fresh && page.session !== this.page?.session;
    if (other) { this.hidden.clear(); this.cursor = null; this.opened.clear(); this.moreLanes = 0; this.sought = ""; this.tab = null; this.table = null; this.answer = null; this.notice = null; }
    const zoned = options.zone !== this.options?.zone;
    Object.assign(this, { page, scene, calls, options, said });
    if (zoned) this.formats.clear();
    const focus = this.keepFocus();
    if (this.drawnOnce && moved && !fresh && !zoned && this.looks() === this.looked) {
      this.finer();
      this.renderCalls(); this.renderNote();
      focus();
      this.painted();
      return;
    }
    if (moved || fresh) {
      this.readColumns();
      this.windowError = "";
      this.notice = this.notice?.kind === "warn" ? null : this.notice;
      this.view = scene.window || page.limits || null;
      this.colours();
    }
    if (fresh || zoned || !this.drawnOnce) { this.renderHead(); this.renderVerdict(); this.renderAsk(); }
    this.renderCalls();
    this.renderNote();
    if (fresh || moved || zoned) { this.renderLeft(); this.renderBar(); this.renderLanes(); this.renderPanels(); this.renderReadout(); }
    if (fresh || zoned || (moved && this.tab)) { if (this.tab && moved) this.askTable(this.tab); this.renderTabs(); }
    this.drawnOnce = true;
    this.looked = this.looks();
    focus();
    this.painted();
  }

  // All that the scene shows but its samples and its window.
  looks() {
    const { lines = [], window: _window, cost: _cost, ...rest } = this.scene;
    return JSON.stringify([rest, lines.map((line) => [line.key, line.look, line.label, line.own])]);
  }

  // The same lines in another window: nothing is made anew, the plots draw what came.
  finer() {
    const same = !this.readColumns();
    this.windowError = "";
    const view = this.scene.window || this.page.limits || null, [low, high] = this.view || [NaN, NaN];
    // The kernel counts whole microseconds: what it says back of a zoom that was done here is all but the same.
    if (view && !(Math.abs(view[0] - low) < 1e-3 && Math.abs(view[1] - high) < 1e-3)) {
      this.view = view;
      this.renderBar();
      this.renderLanes();
    } else if (same) { if (this.tab) this.askTable(this.tab); return; }
    for (const plot of this.plots) plot.setData([[...this.view], [0, 1]], true);
    this.placeCursor();
    this.values();
    if (this.tab) this.askTable(this.tab);
  }

  // Returns whether other samples came than were there.
  readColumns() {
    const view = this.model.get("columns");
    const buffer = view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view;
    const flat = new Float64Array(buffer), before = this.flat;
    this.flat = flat;
    const panels = this.scene.panels || [];
    this.lines = (this.scene.lines || []).map((line) => {
      const column = (number) => flat.subarray(line.at + number * line.n, line.at + (number + 1) * line.n);
      return { ...line, start: column(0), end: column(1), values: panels.map((_, number) => column(number + 2)) };
    });
    return !before || before.length !== flat.length || flat.some((value, n) => !Object.is(value, before[n]));
  }

  // How long it took from the click to the picture, for whoever measures it: written on the page itself.
  painted() {
    if (this.asked === undefined) return;
    const { asked, askedWhat, page } = this;
    if (askedWhat === "open" && page.session !== this.target) return;
    if (askedWhat !== "open" || page.whole) this.asked = undefined;
    const handled = performance.now();
    requestAnimationFrame(() => setTimeout(() => {
      const now = performance.now();
      const first = askedWhat === "open" && page.whole ? { first: this.firstPicture } : {};
      if (askedWhat === "open" && !page.whole) this.firstPicture = +(now - asked).toFixed(1);
      this.root.dataset.painted = JSON.stringify({ what: askedWhat, whole: page.whole, ...first, tick: this.model.get("tick"), ms: +(now - asked).toFixed(1), front: +(now - handled).toFixed(1), ...this.scene.cost });
    }));
  }

  keepFocus() { return this.guard.keepFocus(); }

  // ---- times and colours -------------------------------------------------------------------------------------

  format(options) {
    const key = JSON.stringify(options);
    if (!this.formats.has(key)) {
      let format;
      try { format = new Intl.DateTimeFormat("en-GB", { timeZone: this.options.zone, ...options }); }
      catch { format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }); }
      this.formats.set(key, format);
    }
    return this.formats.get(key);
  }
  clock(seconds, fine = true) {
    return this.format({ hour: "2-digit", minute: "2-digit", ...(fine ? { second: "2-digit" } : {}), hourCycle: "h23" }).format(seconds * 1000);
  }
  day(seconds) { return this.format({ day: "numeric", month: "short", year: "numeric" }).format(seconds * 1000); }
  // Sentences say their times in UTC; they are read beside an axis that may be in another zone.
  words(text) {
    return !text || this.options.zone === "UTC" || !this.page.limits ? text : this.retimed(text);
  }
  retimed(text) {
    const [low] = this.page.limits, midnight = Math.floor(low / 86400) * 86400;
    const local = (clock) => {
      const [hours, minutes, seconds] = clock.split(":").map(Number);
      const at = midnight + hours * 3600 + minutes * 60 + seconds;
      return this.clock(at < low - 3600 ? at + 86400 : at);
    };
    return text.replace(/(\d\d:\d\d:\d\d)(?: to (\d\d:\d\d:\d\d))? UTC/g, (_, from, to) => (to ? `${local(from)} to ${local(to)}` : local(from)));
  }
  isoDay(seconds) {
    const parts = Object.fromEntries(this.format({ year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(seconds * 1000).map((p) => [p.type, p.value]));
    return `${parts.year}-${parts.month}-${parts.day}`;
  }
  offset(seconds) {
    const [hours, minutes, secs] = this.clock(seconds).split(":").map(Number);
    const day = ((Math.floor(seconds) % 86400) + 86400) % 86400;
    return ((((hours * 3600 + minutes * 60 + secs - day) % 86400) + 86400 + 43200) % 86400) - 43200;
  }
  ticks(most = 9) {
    if (!this.view) return [];
    const [low, high] = this.view, span = high - low;
    const step = STEPS.find((one) => span / one <= most) || STEPS[STEPS.length - 1];
    const shift = this.offset(low), found = [];
    for (let at = Math.ceil((low + shift) / step) * step - shift; at <= high && found.length < 50; at += step) found.push(at);
    return found;
  }
  tickWords(ticks) {
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
    return ticks.map((at) => (step >= 86400 ? this.day(at) : this.clock(at, step < 60)));
  }
  themed() {
    let dark = this.theme === "dark";
    if (this.theme === "auto") {
      const named = document.body?.getAttribute("data-jp-theme-light") ?? document.documentElement.getAttribute("data-jp-theme-light");
      const classes = `${document.body?.className} ${document.documentElement.className}`;
      if (named) dark = named === "false";
      else if (/vscode-(dark|high-contrast)|theme-dark/.test(classes) || document.documentElement.getAttribute("theme") === "dark") dark = true;
      else if (/vscode-light|theme-light/.test(classes)) dark = false;
      else dark = this.dark.matches && getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)";
    }
    if (this.root.classList.contains("rtk-dark") === dark && this.palette) return;
    this.root.classList.toggle("rtk-dark", dark);
    this.colours();
    if (this.drawnOnce) { this.renderLanes(); this.renderPanels(); this.renderReadout(); }
  }
  colours() {
    this.palette = this.root.classList.contains("rtk-dark") ? DARK : LIGHT;
    const style = getComputedStyle(this.root);
    this.ink = Object.fromEntries(["fg", "fg2", "grid", "bad", "warn", "note", "band"].map((name) => [name, style.getPropertyValue(`--${name}`).trim() || "#888"]));
  }
  colour(line) { return this.palette[line.look % this.palette.length]; }

  // ---- head, calls, verdict ----------------------------------------------------------------------------------

  button(text, title, action, props = {}) {
    return h("button", { type: "button", class: "rtk-button", title, "data-k": title, onclick: action, ...props }, text);
  }

  renderHead() {
    const { page, options } = this;
    const there = page.limits;
    const began = page.began ?? there?.[0], ended = page.ended ?? there?.[1];
    const when = there ? `${this.day(began)}, ${this.clock(began, false)}–${page.live ? "now" : this.clock(ended, false)}` : "time unknown";
    const people = page.lanes?.length ?? 0;
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = [...new Set([options.zone, "UTC", own, ...(page.zones || [])])].filter(Boolean);
    const title = page.session !== undefined ? bdi(page.title || "call", 48) : "No call";
    fill(this.parts.head,
      options.calls && h("button", { type: "button", class: "rtk-button rtk-open-calls", "data-k": "calls", "aria-expanded": String(this.showCalls), title: "Choose another call", onclick: () => { this.pairing = false; this.toggleCalls(); } }, this.showCalls ? "▾ Calls" : "◂ Calls"),
      h("strong", { class: "rtk-title" }, title),
      page.session !== undefined && h("span", { class: "rtk-when" }, when, ` · ${people} ${people === 1 ? "person" : "people"}, ${page.reports} `, this.terms.word(page.reports === 1 ? "report" : "reports")),
      page.live && h("span", { class: "rtk-live-badge" }, "● going on"),
      page.live && this.button("Refresh", "Ask for this call again", () => this.send({ do: "refresh" })),
      h("span", { class: "rtk-spring" }),
      options.compare && page.whole && this.button("Compare", "Put another call beside this one", () => { this.pairing = true; this.toggleCalls(true); }),
      h("label", { class: "rtk-zone" }, h("span", { class: "rtk-spoken" }, "Time zone"),
        h("select", { "data-k": "zone", title: "Time zone", onchange: (event) => this.send({ do: "zone", zone: event.target.value }) },
          zones.map((zone) => h("option", { value: zone, selected: zone === options.zone }, zone === own && zone !== "UTC" ? `${zone} (yours)` : zone)))),
      this.button("Show code", "Show the Python lines for what is on the screen", () => this.send({ do: "code" })),
      this.button("Copy story", "Copy what happened as text, for a ticket", () => this.copy(page.story || "", "The story is in the clipboard.")),
      this.menu(),
      this.button({ auto: "◐", light: "☀", dark: "☾" }[this.theme], `Colours: ${{ auto: "as the page", light: "light", dark: "dark" }[this.theme]}`, () => {
        this.theme = { auto: "light", light: "dark", dark: "auto" }[this.theme];
        this.themed(); this.renderHead(); this.focusKey(`Colours: ${{ auto: "as the page", light: "light", dark: "dark" }[this.theme]}`);
      }, { "aria-label": "Colours: as the page, light or dark" }),
      this.button("⤢", "Full width", () => { if (document.fullscreenElement) document.exitFullscreen(); else this.root.requestFullscreen?.().catch(() => this.say("This page does not allow full width.", "warn")); }, { "aria-label": "Full width" }));
  }

  menu() {
    const close = () => { box.open = false; };
    const item = (text, action) => h("button", { type: "button", class: "rtk-item", role: "menuitem", "data-k": text, onclick: () => { close(); action(); } }, text);
    const box = h("details", { class: "rtk-menu", onfocusout: (event) => { if (!box.contains(event.relatedTarget)) close(); }, onkeydown: (event) => { if (event.key === "Escape") { close(); box.firstChild.focus(); } } },
      h("summary", { class: "rtk-button", "data-k": "save", title: "Save the call, a report or the picture" }, "Save ▾"),
      h("div", { class: "rtk-drop", role: "menu" },
        item("Report (one page, without personal data)", () => this.send({ do: "report" })),
        item("Call (all documents, as they came)", () => this.send({ do: "save" })),
        item("Picture, SVG", () => this.send({ do: "picture", kind: "svg", hidden: [...this.hidden] })),
        item("Picture, PNG", () => this.send({ do: "picture", kind: "png", hidden: [...this.hidden] }))));
    return box;
  }

  focusKey(key) { [...this.root.querySelectorAll("[data-k]")].find((node) => node.getAttribute("data-k") === key)?.focus(); }

  toggleCalls(open = !this.showCalls) {
    this.showCalls = open;
    this.renderHead(); this.renderCalls();
    this.focusKey(open ? "search" : "calls");
  }

  matching() {
    const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const words = fold(this.filters.words).split(/\s+/).filter(Boolean), { day, status } = this.filters;
    const theirs = this.whose && new Set(this.whose.ids);
    return this.calls.filter((call) => {
      if (this.pairing && call.id === this.page.session) return false;
      if (status && (status === "LIVE") !== call.live) return false;
      if (day && (call.start === null || this.isoDay(call.start) !== day)) return false;
      if (theirs) return theirs.has(call.id);
      const text = fold(`${call.title} ${call.words} ${call.start === null ? "" : `${this.day(call.start)} ${this.clock(call.start, false)}`}`);
      return words.every((word) => text.includes(word));
    });
  }

  renderCalls() {
    const box = this.parts.calls;
    const list = this.options.calls;
    const open = list && (this.showCalls || this.page.session === undefined && !this.said.busy);
    box.hidden = !open;
    if (!open) { box.replaceChildren(); return; }
    if (!box.firstChild) {
      const filter = (name) => (event) => {
        this.filters[name] = event.target.value;
        const again = name === "day" && this.whose?.day;
        if (this.whose && (name === "words" || again)) this.whose = null;
        if (again) this.findPeople(); // of the same person, on another day
        this.renderCallList();
      };
      box.append(
        h("div", { class: "rtk-pairing rtk-quiet" }),
        h("div", { class: "rtk-row" },
          h("input", { type: "search", placeholder: this.options.people ? "find a call: its title, somebody's name, an id" : "find a call: its title, an id", "aria-label": "Find a call", "data-k": "search", value: this.filters.words, oninput: filter("words"),
            onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); const [first] = this.matching(); if (first) this.openCall(first.id); else this.findPeople(); } if (event.key === "ArrowDown") { event.preventDefault(); box.querySelector("[role=option]")?.focus(); } if (event.key === "Escape") this.toggleCalls(false); } }),
          h("label", {}, "on ", h("input", { type: "date", "aria-label": "Day of the call", "data-k": "day", value: this.filters.day, onchange: filter("day") })),
          h("select", { "aria-label": "Status", "data-k": "status", onchange: filter("status") },
            [["", "ended and going on"], ["ENDED", "ended"], ["LIVE", "going on"]].map(([value, words]) => h("option", { value, selected: value === this.filters.status }, words))),
          h("span", { class: "rtk-count", "aria-live": "polite" }),
          h("span", { class: "rtk-spring" }),
          this.button("Refresh the list", "Fetch the list of calls again", () => this.send({ do: "refresh" }))),
        h("div", { class: "rtk-row rtk-whose" }),
        h("div", { class: "rtk-list", role: "listbox", "aria-label": "Calls", onkeydown: (event) => this.arrows(event) }));
    }
    this.renderCallList();
  }

  renderCallList() {
    const found = this.matching(), list = this.parts.calls.querySelector(".rtk-list");
    this.parts.calls.querySelector(".rtk-count").textContent = `${found.length} of ${this.calls.length}`;
    const pairing = this.parts.calls.querySelector(".rtk-pairing");
    pairing.hidden = !this.pairing;
    pairing.textContent = this.pairing ? `Choose the call to put beside “${short(this.page.title || "call", 48)}”.` : "";
    this.renderWhose();
    fill(list, ...found.slice(0, ROWS).map((call) => {
      const chosen = call.id === this.page.session;
      const minutes = call.end !== null && call.start !== null ? `${Math.max(1, Math.round((call.end - call.start) / 60))} min` : "";
      return h("div", { role: "option", tabindex: "0", class: "rtk-option", "aria-selected": String(chosen), "data-k": `call ${call.id}`, onclick: () => this.openCall(call.id),
        onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.openCall(call.id); } } },
        h("span", { class: "rtk-call-when" }, call.start === null ? "no time" : `${this.day(call.start)} ${this.clock(call.start, false)}`),
        h("span", { class: "rtk-call-title" }, bdi(call.title, 70)),
        h("span", {}, call.people === null ? "" : `${call.people} ${call.people === 1 ? "person" : "people"}`),
        h("span", {}, call.live ? "going on" : minutes),
        h("span", { class: `rtk-sev-${call.verdict}` }, call.verdict ? `${SIGNS[call.verdict] || ""} ${WORDS[call.verdict] || call.verdict}` : ""));
    }), found.length > ROWS ? h("div", { class: "rtk-quiet" }, `and ${found.length - ROWS} more: search to see them`) : "", found.length ? "" : h("div", { class: "rtk-quiet" }, this.options.people && this.filters.words.trim() && !this.whose ? "No call has this title. Is it somebody's name? Press Enter, or the button above." : "No call matches. Empty the search, the day or the status."));
  }

  // Of whom the calls are, where a name was searched: found by the kernel, and asked as a whole by it.
  renderWhose() {
    const box = this.parts.calls.querySelector(".rtk-whose"), words = this.filters.words.trim(), { whose } = this;
    box.hidden = !this.options.people || !words;
    if (box.hidden) { box.replaceChildren(); return; }
    if (!whose) {
      fill(box, this.button(`Calls of somebody called “${short(words, 30)}”`, "Look for this name among the people of the calls", () => this.findPeople()),
        h("span", { class: "rtk-quiet" }, this.filters.day ? "" : "a day makes it quicker"));
      return;
    }
    if (!whose.ids.length && !whose.unlisted) {
      const day = whose.day ? " on this day. Empty the day, or" : ":";
      fill(box, h("span", {}, "Nobody called “", bdi(words, 30), `” was in a call${day} try a part of the name, or an id.`));
      return;
    }
    const names = whose.names.join(", ");
    const text = h("input", { type: "text", "data-k": "complaint of a person", "aria-label": "What this person says", placeholder: "what they say, such as: Alma was choppy", value: this.complaint || "", oninput: (event) => { this.complaint = event.target.value; },
      onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); ask(); } } });
    const ask = () => { if (text.value.trim()) this.send({ do: "ask_calls", who: whose.person, text: text.value.trim(), day: whose.day || this.filters.day }); else text.focus(); };
    fill(box, h("span", {}, "Calls of ", bdi(names, 90), whose.unlisted ? ` (${whose.unlisted} more are not in this list)` : ""),
      whose.ids.length > 0 && !this.pairing && [text, this.button(`Ask ${whose.ids.length === 1 ? "this call" : "these calls"}`, "What the reports of these calls show of this complaint", ask)]);
  }

  findPeople() {
    const person = this.filters.words.trim();
    if (person && this.options.people) this.send({ do: "people", person, day: this.filters.day });
  }

  showPeople(message) {
    if (message.person !== this.filters.words.trim()) return;
    if (this.complainer !== message.person) this.complaint = ""; // what somebody else said
    this.complainer = message.person;
    this.whose = message;
    const back = this.keepFocus();
    this.renderCallList();
    back();
  }

  arrows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    const all = [...event.currentTarget.querySelectorAll("[role=option]")];
    const at = all.indexOf(document.activeElement);
    const next = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : clamp(at + step, 0, all.length - 1);
    all[next]?.focus();
  }

  openCall(id) {
    this.showCalls = false;
    this.renderHead(); this.renderCalls();
    this.focusKey("calls");
    this.say("");
    if (this.pairing) { this.pairing = false; this.send({ do: "compare", other: id }); return; }
    this.target = id;
    this.send({ do: "open", session: id });
  }

  renderNote() {
    const { said, notice } = this;
    const rows = [];
    if (said?.busy) rows.push(h("div", { class: "rtk-working" }, h("span", { class: "rtk-spin", "aria-hidden": "true" }), said.busy));
    if (said?.problem) rows.push(h("div", { class: "rtk-problem" }, h("b", {}, "This call could not be shown. "), bdi(said.problem)));
    if (notice) rows.push(h("div", { class: `rtk-notice rtk-${notice.kind}` }, notice.text, " ", h("button", { type: "button", class: "rtk-x", "aria-label": "Close this message", onclick: () => this.say("") }, "×")));
    fill(this.parts.note, ...rows);
  }

  // Words of the field in a text, each as a button that says what it means; see Terms below.
  termed(text) { return this.terms.marked(text); }

  renderVerdict() {
    const { page } = this;
    const box = this.parts.verdict;
    box.hidden = page.session === undefined;
    if (box.hidden) return;
    if (!page.whole) { fill(box, h("span", { class: "rtk-quiet" }, "…")); return; }
    const live = page.live ? "The call is going on: those who have not left have no report yet. " : "";
    fill(box, 
      h("span", { class: `rtk-badge rtk-sev-${page.verdict}` }, `${SIGNS[page.verdict] || "?"} ${WORDS[page.verdict] || page.verdict}`),
      h("span", { class: "rtk-sentence" }, live, page.verdictText ? this.termed(this.words(page.verdictText)) : (page.findings.length ? "" : "Nothing was found to be wrong in what was reported.")),
      h("details", { class: "rtk-story" }, h("summary", { "data-k": "story" }, "whole story"), h("pre", { tabindex: "0" }, page.story)));
  }

  renderAsk() {
    const box = this.parts.ask, { page } = this;
    box.hidden = !page.whole;
    if (box.hidden) { box.replaceChildren(); return; }
    // Whoever was looked for among the calls is the one who complains; nobody is taken for granted.
    if (!page.lanes.some((lane) => lane.peer === this.asker)) this.asker = page.lanes.find((lane) => this.whose?.names.includes(lane.name))?.peer;
    const who = h("select", { "aria-label": "Who complains", "data-k": "who", onchange: (event) => { this.asker = event.target.value || undefined; } },
      h("option", { value: "" }, "who complains?"), page.lanes.map((lane) => h("option", { value: lane.peer, selected: lane.peer === this.asker }, short(lane.name, 40))));
    const text = h("input", { type: "text", "data-k": "complaint", "aria-label": "What they say", placeholder: "what they say, such as: the others froze", value: this.complaint || "", oninput: (event) => { this.complaint = event.target.value; } });
    const part = h("input", { type: "checkbox", "data-k": "ask of this time" });
    const ask = () => {
      if (!who.value) { this.say("Choose who complains: the same words mean another stream for each of them.", "warn"); who.focus(); }
      else if (!text.value.trim()) text.focus();
      else this.send({ do: "ask", who: who.value, text: text.value.trim(), in_view: part.checked && !this.parts.inView.hidden });
    };
    text.addEventListener("keydown", (event) => { if (event.key === "Enter") ask(); });
    this.parts.inView = h("label", { class: "rtk-in-view" }, part, " only the time in view");
    this.parts.answer = h("div", { class: "rtk-answer", "aria-live": "polite" });
    fill(box, h("div", { class: "rtk-row" }, h("b", {}, "Complaint"), who, text, this.button("Ask", "What the reports show of this complaint", ask), this.parts.inView), this.parts.answer);
    if (this.answer) this.showAnswer(this.answer);
  }

  showAnswer(message) {
    if (this.notice?.kind === "warn") this.say("");
    this.answer = message;
    const sign = { yes: "●", no: "○" }[message.status] || "?";
    fill(this.parts.answer,
      h("div", { class: "rtk-told" }, h("b", {}, `${sign} ${message.person}: “${message.asked}” `, h("span", { class: "rtk-status" }, message.status)), " ", this.termed(message.headline.replace(/^Yes, (\w)/, (_, first) => first.toUpperCase()))),
      message.reply && h("div", { class: "rtk-told" }, h("b", {}, "Reply that can be sent "), message.reply),
      h("div", { class: "rtk-row" },
        message.finding !== null && message.finding !== undefined && this.button("Show it", "Look at this on the plots", () => this.choose(message.finding)),
        message.reply && this.button("Copy the reply", "Copy a reply that can be sent as it stands", () => this.copy(message.reply, "The reply is in the clipboard.")),
        this.button("Close", "Close the answer", () => { this.answer = null; this.parts.answer.replaceChildren(); }),
        h("details", { class: "rtk-looked-at" }, h("summary", { "data-k": "looked at" }, "all that was looked at"), h("pre", { tabindex: "0" }, this.termed(message.text)))));
  }

  // ---- findings and filters ----------------------------------------------------------------------------------

  choose(key) { this.send({ do: "finding", key }); }

  renderLeft() {
    const { page, scene } = this, box = this.parts.left;
    if (!page.whole) { box.replaceChildren(); return; }
    const top = box.querySelector(".rtk-findings")?.scrollTop || 0;
    const findings = page.findings, chosen = findings.find((one) => one.key === scene.finding);
    const heads = findings.filter((one) => one.head === one.key);
    const loud = heads.filter((one) => one.severity !== "note"), notes = heads.filter((one) => one.severity === "note");
    const row = (one, child = false) => h("div", {
      role: "option", tabindex: "0", class: `rtk-finding rtk-left-${one.severity}${child ? " rtk-child" : ""}`, "aria-selected": String(one.key === scene.finding), "data-k": `finding ${one.key}`, title: this.words(one.text),
      onclick: () => this.choose(one.key === this.scene.finding && this.scene.window ? null : one.key),
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.choose(one.key); } } },
      h("span", { class: `rtk-sign rtk-sev-${one.severity}`, "aria-hidden": "true" }, SIGNS[one.severity]), h("span", { class: "rtk-spoken" }, `${WORDS[one.severity]}: `),
      h("span", { class: "rtk-words" }, this.words(one.text)));
    const rows = [];
    for (const one of loud) {
      rows.push(row(one));
      const children = findings.filter((other) => other.head === one.key && other !== one);
      if (!children.length) continue;
      const open = this.opened.has(one.key) || children.some((child) => child.key === scene.finding);
      rows.push(h("button", { type: "button", class: "rtk-more", "aria-expanded": String(open), "data-k": `more ${one.key}`, onclick: () => { if (this.opened.has(one.key)) this.opened.delete(one.key); else this.opened.add(one.key); const back = this.keepFocus(); this.renderLeft(); back(); } },
        `${open ? "▾" : "▸"} ${children.length} more of the same side and time`));
      if (open) rows.push(...children.map((child) => row(child, true)));
    }
    if (notes.length) {
      const open = this.opened.has("notes") || notes.some((one) => one.key === scene.finding) || !loud.length;
      rows.push(h("button", { type: "button", class: "rtk-more", "aria-expanded": String(open), "data-k": "notes", onclick: () => { if (this.opened.has("notes")) this.opened.delete("notes"); else this.opened.add("notes"); const back = this.keepFocus(); this.renderLeft(); back(); } }, `${open ? "▾" : "▸"} notes (${notes.length})`));
      if (open) rows.push(...notes.map((one) => row(one)));
    }
    fill(box, 
      h("h4", {}, "Findings"),
      h("div", { class: "rtk-findings", role: "listbox", "aria-label": "Findings, worst first", onkeydown: (event) => this.arrows(event) }, rows.length ? rows : h("div", { class: "rtk-quiet" }, page.live ? "Nothing yet." : "Nothing was found to be wrong.")),
      chosen && h("div", { class: "rtk-evidence", tabindex: "0", "aria-label": "Evidence" },
        chosen.side && h("div", {}, h("b", {}, "Side "), this.termed(`${chosen.side}${chosen.confidence ? `, ${chosen.confidence} confidence` : ""}`)),
        chosen.for && h("div", {}, h("b", {}, "For "), this.termed(this.words(chosen.for))),
        chosen.against && h("div", {}, h("b", {}, "Against "), this.termed(this.words(chosen.against))),
        chosen.next && h("div", {}, h("b", {}, "Next "), this.termed(chosen.next))),
      ...this.chips());
    const list = box.querySelector(".rtk-findings");
    list.scrollTop = top;
    const now = list.querySelector("[aria-selected=true]");
    if (now && (now.offsetTop < list.scrollTop || now.offsetTop + now.offsetHeight > list.scrollTop + list.clientHeight)) list.scrollTop = Math.max(0, now.offsetTop - 30);
  }

  // Chips that choose kinds of streams, and what is measured.
  chips() {
    const { page, scene } = this;
    const chip = (group, key, label, on, change) => h("button", { type: "button", class: "rtk-chip", "aria-pressed": String(on), "data-k": `${group} ${key}`, onclick: change }, h("span", { "aria-hidden": "true" }, on ? "☑ " : "☐ "), label);
    const toggled = (list, key, all) => { const now = list === null ? all : list; const next = now.includes(key) ? now.filter((one) => one !== key) : [...now, key]; return next.length === all.length || !next.length ? null : next; };
    const offered = [...(scene.panels || []).filter((panel) => panel.key.startsWith("judged:")), ...page.measures];
    const media = page.media.map((one) => one.key), ways = ["producer", "consumer"];
    return [
      page.media.length > 0 && h("h4", {}, "Streams"),
      page.media.length > 0 && h("div", { class: "rtk-chips", role: "group", "aria-label": "Streams" },
        page.media.map((one) => chip("media", one.key, one.label, scene.media === null || scene.media.includes(one.key), () => this.send({ do: "filter", media: toggled(scene.media, one.key, media) }))),
        [["producer", "sent"], ["consumer", "received"]].map(([key, label]) => chip("way", key, label, scene.directions === null || scene.directions.includes(key), () => this.send({ do: "filter", directions: toggled(scene.directions, key, ways) })))),
      offered.length > 0 && h("h4", {}, "Measures"),
      offered.length > 0 && h("div", { class: "rtk-chips", role: "group", "aria-label": "Measures" },
        offered.filter((one, n) => n < CHIPS || scene.measures.includes(one.key) || this.opened.has("measures")).map((one) => chip("measure", one.key, one.title, scene.measures.includes(one.key), () => {
          const next = scene.measures.includes(one.key) ? scene.measures.filter((key) => key !== one.key) : [...scene.measures, one.key].slice(-4);
          if (next.length) this.send({ do: "filter", measures: next });
          else this.say("One measure at least has to be shown.", "warn");
        })),
        offered.length > CHIPS && h("button", { type: "button", class: "rtk-chip", "aria-expanded": String(this.opened.has("measures")), "data-k": "measures", onclick: () => { if (this.opened.has("measures")) this.opened.delete("measures"); else this.opened.add("measures"); const back = this.keepFocus(); this.renderLeft(); back(); } }, this.opened.has("measures") ? "▾ fewer" : "▸ more")),
    ];
  }

  renderBar() {
    const { page, scene } = this, box = this.parts.bar;
    if (!page.limits || !this.view) { box.replaceChildren(); return; }
    const [low, high] = this.view, whole = low <= page.limits[0] && high >= page.limits[1];
    if (this.parts.inView) this.parts.inView.hidden = whole;
    const typed = (name) => h("input", { type: "text", class: "rtk-typed", "data-k": name, "aria-label": name === "from" ? "From" : "To", "aria-invalid": this.windowError ? "true" : null, "aria-describedby": "rtk-window-error",
      value: this.clock(name === "from" ? low : high), title: "14:40, 2:40pm, +5min",
      onfocus: (event) => event.target.select(),
      onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); go(); } } });
    const from = typed("from"), to = typed("to");
    // What stands there unchanged is shown to the second: the exact time behind it is kept.
    const given = (box, exact) => (box.value.trim() === this.clock(exact) ? exact : box.value);
    const go = () => { this.windowError = ""; this.send({ do: "window", start: given(from, low), end: given(to, high) }); };
    const people = scene.people === null || scene.people === undefined ? null : scene.people;
    fill(box, 
      h("label", {}, "from ", from), h("label", {}, " to ", to),
      this.button("Go", "Look at this time", go),
      this.button("Whole call", "Look at the whole call", () => this.zoom(page.limits, true), { disabled: whole }),
      this.button("−", "Zoom out", () => this.scaled(2), { "aria-label": "Zoom out", disabled: whole }),
      this.button("+", "Zoom in", () => this.scaled(0.5), { "aria-label": "Zoom in" }),
      people && this.button(`Everybody (${page.lanes.length})`, "Look at everybody again", () => this.send({ do: "filter", people: null })),
      scene.finding !== null && scene.finding !== undefined && this.button("Leave the finding", "Look at the call without a finding", () => this.choose(null)),
      h("span", { class: "rtk-quiet rtk-hint" }, this.windowError ? "" : "drag over a plot to zoom"),
      h("span", { class: "rtk-refused", id: "rtk-window-error", role: "alert" }, this.windowError || ""));
  }

  // ---- one time axis -----------------------------------------------------------------------------------------

  get plotWidth() { return Math.max(this.timeWidth - GUTTER - RIGHT, 80); }
  x(seconds) { return ((clamp(seconds, ...this.view) - this.view[0]) / (this.view[1] - this.view[0] || 1)) * this.plotWidth; }

  resized() {
    this.hideStill();
    const width = this.root.clientWidth;
    if (!width) return;
    this.root.classList.toggle("rtk-narrow", width < NARROW);
    this.themed();
    this.colours(); // before it stood in the page, its style was not known
    const time = this.parts.time.clientWidth;
    if (Math.abs(time - (this.timeWidth || 0)) < 2) return;
    this.timeWidth = time;
    this.renderLanes();
    this.renderPanels();
  }

  bands() {
    return (this.page.findings || []).filter((one) => one.start !== null && one.end !== null && one.key === this.scene.finding);
  }

  renderLanes() {
    const { page, scene } = this, box = this.parts.axis;
    if (!this.view || !this.timeWidth) { box.replaceChildren(); return; }
    const lanes = page.lanes.length > this.mostLanes && page.whole ? [...page.lanes].sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1]) : page.lanes;
    const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase(), sought = plain(this.sought.trim());
    const found = sought ? lanes.filter((lane) => plain(lane.name).includes(sought)) : lanes;
    const shown = found.slice(0, this.mostLanes + this.moreLanes), rest = found.length - shown.length;
    const height = shown.length > 9 ? 15 : shown.length > 5 ? 18 : 22;
    const width = this.plotWidth;
    const ticks = this.ticks(Math.max(3, Math.floor(width / 75)));
    const words = this.tickWords(ticks);
    const ruler = svg("svg", { width: width + RIGHT, height: 18, class: "rtk-ruler", "aria-hidden": "true" },
      ...ticks.flatMap((at, n) => [svg("path", { d: `M${this.x(at)},14v4`, class: "rtk-tick" }), Object.assign(svg("text", { x: this.x(at), y: 11, "text-anchor": "middle" }), { textContent: words[n] })]));
    const rows = [h("div", { class: "rtk-lane" }, h("span", { class: "rtk-lane-name rtk-quiet rtk-date" }, this.rulerWords()), ruler)];
    const people = scene.people ?? null;
    for (const lane of shown) {
      const on = people === null || people.includes(lane.peer);
      const toggle = () => {
        const all = page.lanes.map((one) => one.peer), now = people === null ? [] : people;
        const next = now.includes(lane.peer) ? now.filter((one) => one !== lane.peer) : [...now, lane.peer];
        this.send({ do: "filter", people: next.length && next.length < all.length ? next : null });
      };
      const verdict = lane.verdict && lane.verdict !== "good" ? lane.verdict : "";
      rows.push(h("div", { class: `rtk-lane${on ? "" : " rtk-off"}` },
        h("button", { type: "button", class: "rtk-lane-name", "aria-pressed": String(people !== null && on), "data-k": `lane ${lane.peer}`, title: `${lane.name}${verdict ? ` · ${WORDS[verdict]}` : ""} · ${lane.reportText}${lane.path ? ` · ${lane.path.text}` : ""}\nChoose to look at this person's own report`, onclick: toggle },
          h("span", { class: `rtk-sev-${verdict}`, "aria-hidden": "true" }, verdict ? SIGNS[verdict] : ""), " ", h("bdi", {}, short(lane.name, 17))),
        this.laneSvg(lane, width, height)));
    }
    // Of many people the worst are shown; the others are counted, and reached by name or in steps that draw quickly.
    if (lanes.length > this.mostLanes) {
      const again = () => { const back = this.keepFocus(); this.renderLanes(); back(); };
      rows.push(h("div", { class: "rtk-row rtk-people" },
        h("input", { type: "search", "data-k": "find person", "aria-label": "Find a person", placeholder: "find a person", value: this.sought, oninput: (event) => { this.sought = event.target.value; again(); } }),
        sought && h("span", { class: "rtk-quiet", "aria-live": "polite" }, `${found.length} of ${lanes.length}`),
        rest > 0 && h("button", { type: "button", class: "rtk-more", "data-k": "lanes", onclick: () => { this.moreLanes += MORE_LANES; again(); } }, sought ? `▸ ${rest} more` : `▸ ${rest} more people, not as bad${rest > MORE_LANES ? `: show ${MORE_LANES}` : ""}`),
        this.moreLanes > 0 && h("button", { type: "button", class: "rtk-more", "data-k": "fewer lanes", onclick: () => { this.moreLanes = 0; again(); } }, `▾ the ${this.mostLanes} worst only`)));
    }
    rows.push(...this.networkLane(width), ...this.findingsLane(width));
    const kinds = new Set(shown.flatMap((lane) => lane.marks.filter((mark) => mark[0] >= this.view[0] && mark[0] <= this.view[1]).map((mark) => mark[1])));
    const key = Object.entries(MARKS).filter(([kind]) => kinds.has(kind)).map(([, words]) => words);
    if (shown.some((lane) => lane.path && lane.path.kind !== "direct")) key.push("┅ relayed or over TCP");
    if (key.length) rows.push(h("div", { class: "rtk-key", "aria-hidden": "true" }, key.join("   ")));
    box.classList.toggle("rtk-tall", this.moreLanes > 0);
    const line = h("div", { class: "rtk-cursor", hidden: true });
    const select = h("div", { class: "rtk-select", hidden: true });
    fill(box, ...rows, line, select);
    this.laneCursor = line;
    this.laneSelect = select;
    box.onpointermove = (event) => this.overLanes(event);
    box.onpointerleave = () => { if (!this.dragging) this.point(null); };
    box.onpointerdown = (event) => this.dragLanes(event);
    box.ondblclick = (event) => { if (!event.target.closest("button")) this.zoom(page.limits, true); };
    this.placeCursor();
  }

  rulerWords() { return this.day(this.view[0]); }

  laneSvg(lane, width, height) {
    const middle = height / 2, [low, high] = this.view;
    const marks = lane.marks.filter((mark) => mark[0] >= low && mark[0] <= high);
    const said = `${lane.name}: ${lane.start === null ? "time unknown" : `from ${this.clock(lane.start)}${lane.openEnd ? (this.page.live ? ", still there" : ", end unknown") : ` to ${this.clock(lane.end)}`}`}, ${lane.reportText}${lane.path ? `, ${lane.path.text}` : ""}, ${lane.marks.length} events`;
    const row = svg("svg", { width: width + RIGHT, height, class: "rtk-lane-svg", role: "img", "aria-label": said });
    for (const band of this.bands()) row.append(svg("rect", { x: this.x(band.start), width: Math.max(this.x(band.end) - this.x(band.start), 2), y: 0, height, class: `rtk-band rtk-band-${band.severity}` }));
    if (lane.start !== null && lane.end !== null && lane.start <= high && lane.end >= low) {
      const begin = this.x(lane.start), end = Math.max(this.x(lane.end), begin + 2);
      row.append(Object.assign(svg("rect", { x: begin, y: middle - 4, width: end - begin, height: 8, rx: 2, class: `rtk-stay rtk-report-${lane.report}` })));
      for (const [from, to, kind, text] of lane.path?.parts || []) {
        if (kind === "direct" || to < low || from > high) continue;
        const part = svg("path", { d: `M${this.x(Math.max(from, lane.start))},${middle + 5.5}H${Math.max(this.x(to), this.x(from) + 2)}`, class: `rtk-path rtk-path-${kind}` });
        part.append(Object.assign(svg("title"), { textContent: text }));
        row.append(part);
      }
      if (lane.openEnd && end < width + 1) row.append(svg("path", { d: `M${end - 1},${middle - 4}l7,4l-7,4z`, class: "rtk-open" }));
      if (lane.report !== "read") row.append(Object.assign(svg("text", { x: begin + 6, y: middle + 4, class: "rtk-report-text" }), { textContent: lane.reportText }));
    }
    const shapes = { lost: "M-3.5,-3.5l7,7M3.5,-3.5l-7,7", trouble: "M0,-5l4.5,8.5h-9z", on: "M-3,-4l6.5,4l-6.5,4z", off: "M-3,-3.5h6.5v7h-6.5z", hidden: "M-4,-3l4,6l4,-6z", device: "M0,-4v8M-4,0h8", path: "M-5,-2h9l-3,-3M5,2h-9l3,3", other: "M0,-3.5v7" };
    for (const [at, kind, text] of marks) {
      const mark = svg("path", { d: shapes[kind] || shapes.other, transform: `translate(${this.x(at)},${middle})`, class: `rtk-mark rtk-mark-${kind}` });
      mark.append(Object.assign(svg("title"), { textContent: `${this.clock(at)} ${text}` }));
      row.append(mark);
    }
    return row;
  }

  // Which networks the media took, and when somebody's changed from one to another, of those who are looked at.
  networkLane(width) {
    const people = this.scene.people ?? null, [low, high] = this.view;
    const there = this.page.lanes.filter((lane) => lane.path && (people === null || people.includes(lane.peer)));
    if (!there.length) return [];
    const changes = there.flatMap((lane) => lane.path.changes.map(([at, words]) => ({ at, name: lane.name, words }))).filter((one) => one.at >= low && one.at <= high).sort((a, b) => a.at - b.at);
    const row = svg("svg", { width: width + RIGHT, height: 15, class: "rtk-lane-svg rtk-network", role: "img" });
    const write = (x, text, full, anchor = "start") => { const words = Object.assign(svg("text", { x, y: 11, "text-anchor": anchor }), { textContent: text }); words.append(Object.assign(svg("title"), { textContent: full })); row.append(words); };
    if (changes.length) {
      let free = 0;
      changes.forEach((one, n) => {
        const x = this.x(one.at), text = `${short(one.name, 16)}: ${one.words}`, wide = text.length * 5.4 + 8, full = `${this.clock(one.at)} ${one.name}: network path changed ${one.words}`;
        row.append(svg("path", { d: "M-5,-2h9l-3,-3M5,2h-9l3,3", transform: `translate(${x},7)`, class: "rtk-mark rtk-mark-path" }));
        const next = changes[n + 1] ? this.x(changes[n + 1].at) - 8 : width + RIGHT;
        if (x + 9 >= free && x + 9 + wide <= next) { write(x + 9, text, full); free = x + 9 + wide; }
        else if (x - 9 - wide >= free) { write(x - 9, text, full, "end"); free = x + 9; }
        else free = Math.max(free, x + 9);
      });
    } else {
      const counted = new Map();
      for (const lane of there) counted.set(lane.path.text, [...(counted.get(lane.path.text) || []), lane.name]);
      const most = [...counted].sort((a, b) => a[1].length - b[1].length);
      const who = (names, n) => (counted.size === 1 ? (names.length > 1 ? "all" : names[0]) : names.length > 2 ? (n === most.length - 1 ? `the other ${names.length}` : `${names.length} people`) : names.map((name) => short(name, 16)).join(" and "));
      const text = most.map(([words, names], n) => `${who(names, n)}: ${words}`).join("; ");
      write(2, short(text, Math.max(20, Math.floor(width / 5.6))), text);
    }
    row.setAttribute("aria-label", `network paths: ${changes.length ? changes.map((one) => `${this.clock(one.at)} ${one.name} ${one.words}`).join("; ") : there.map((lane) => `${lane.name} ${lane.path.text}`).join("; ")}`);
    return [h("div", { class: "rtk-lane" }, h("span", { class: "rtk-lane-name rtk-quiet" }, "network"), row)];
  }

  findingsLane(width) {
    const heads = (this.page.findings || []).filter((one) => one.head === one.key && one.severity !== "note" && one.start !== null && one.end !== null && one.end >= this.view[0] && one.start <= this.view[1]);
    if (!heads.length) return [];
    const levels = [];
    const row = svg("svg", { width: width + RIGHT, class: "rtk-lane-svg rtk-findings-lane", role: "img", "aria-label": `${heads.length} findings over time` });
    for (const one of heads) {
      const begin = this.x(one.start), end = Math.max(this.x(one.end), begin + 5);
      let level = levels.findIndex((edge) => edge < begin - 2);
      if (level < 0) level = levels.length < 4 ? levels.push(0) - 1 : 3;
      levels[level] = end;
      const bar = svg("rect", { x: begin, y: level * 8 + 2, width: end - begin, height: 6, rx: 2, class: `rtk-bar-${one.severity}${one.key === this.scene.finding ? " rtk-on" : ""}` });
      bar.append(Object.assign(svg("title"), { textContent: `${SIGNS[one.severity]} ${this.words(one.text)}` }));
      bar.addEventListener("click", (event) => { event.stopPropagation(); this.choose(one.key); });
      row.append(bar);
    }
    row.setAttribute("height", levels.length * 8 + 3);
    return [h("div", { class: "rtk-lane" }, h("span", { class: "rtk-lane-name rtk-quiet" }, "findings"), row)];
  }

  timeOf(event) {
    const left = event.clientX - this.parts.axis.getBoundingClientRect().left - GUTTER;
    return left < -2 || left > this.plotWidth + 6 ? null : this.view[0] + (clamp(left, 0, this.plotWidth) / this.plotWidth) * (this.view[1] - this.view[0]);
  }
  overLanes(event) { if (!this.dragging) this.point(this.timeOf(event)); }
  dragLanes(event) {
    const from = this.timeOf(event);
    if (from === null || event.button || event.target.closest("button,.rtk-findings-lane rect")) return;
    const box = this.parts.axis;
    this.dragging = true;
    box.setPointerCapture(event.pointerId);
    box.onpointermove = (move) => {
      const to = this.timeOf(move) ?? from, [a, b] = from < to ? [from, to] : [to, from];
      Object.assign(this.laneSelect.style, { left: `${GUTTER + this.x(a)}px`, width: `${this.x(b) - this.x(a)}px` });
      this.laneSelect.hidden = false;
      box.onpointerup = () => done(a, b);
    };
    const done = (a, b) => {
      this.dragging = false;
      this.laneSelect.hidden = true;
      box.onpointerup = null;
      box.onpointermove = (move) => this.overLanes(move);
      if (a !== undefined && this.x(b) - this.x(a) > 4) this.zoom([a, b], true);
    };
    box.onpointerup = () => done();
  }

  renderPanels() {
    for (const plot of this.plots) plot.destroy();
    this.plots = [];
    const box = this.parts.panels, { scene, page } = this;
    if (!this.view || !this.timeWidth || !page.whole) { box.replaceChildren(); return; }
    box.replaceChildren();
    const panels = scene.panels || [];
    if (!panels.length || !this.lines.length) {
      const why = page.reports === 0 ? "No report of this call was read, so nothing is known of its media." : "Nothing to draw for what is chosen: choose other people, streams or measures.";
      box.append(h("div", { class: "rtk-quiet rtk-nothing" }, page.live ? "No samples yet: a report comes when its participant has left." : why));
      return;
    }
    // Beside another call every panel is as high as its neighbour, however many people stand above it.
    const height = this.link ? PANEL : clamp((this.space - this.parts.axis.offsetHeight) / panels.length, PANEL, 190);
    panels.forEach((panel, number) => {
      const last = number === panels.length - 1;
      const holder = h("div", { class: "rtk-panel" }, h("div", { class: "rtk-panel-title" }, h("b", {}, this.termed(panel.title)), h("span", {}, panel.unit), panel.threshold && h("span", { class: "rtk-threshold" }, panel.threshold.text)));
      box.append(holder);
      const plot = new uPlot(this.plotOptions(panel, number, height + (last ? 26 : 0), last), [[this.view[0], this.view[1]], [0, 1]], holder);
      this.plots.push(plot);
      this.speaking(plot, panel, number);
    });
    this.placeCursor();
  }

  plotOptions(panel, number, height, last) {
    const self = this, ink = this.ink;
    const axis = { stroke: ink.fg2, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1, size: 4 }, font: "11px system-ui, sans-serif" };
    return {
      width: this.timeWidth, height, padding: [8, RIGHT, last ? 0 : 4, 0], legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { self.zoom(self.page.limits, true); return null; } } },
      scales: { x: { time: true, range: () => [...self.view] }, y: { range: () => [0, self.top(panel, number)] } },
      axes: [
        { ...axis, show: true, size: last ? 26 : 0, splits: () => self.ticks(Math.max(3, Math.floor(self.plotWidth / 75))), values: (_, splits) => (last ? self.tickWords(splits) : splits.map(() => "")), ticks: { ...axis.ticks, show: last } },
        { ...axis, size: GUTTER, gap: 4, space: 24, values: (_, splits) => splits.map((value) => figure(value).replace(/\.0+$/, "")) },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        drawClear: [(plot) => self.drawBands(plot)],
        draw: [(plot) => self.drawLines(plot, panel, number)],
        setCursor: [(plot) => { if (!self.placing && plot.cursor.event) self.point(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null); }],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width > 3) { const a = plot.posToVal(left, "x"), b = plot.posToVal(left + width, "x"); plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false); self.zoom([a, b], true); }
        }],
      },
    };
  }

  // Axis of a panel: as high as its highest value in view, so that a zoom shows small things, too.
  top(panel, number) {
    const [low, high] = this.view;
    let most = 0;
    for (const line of this.lines) {
      if (this.hidden.has(line.key)) continue;
      const values = line.values[number];
      for (let i = at_least(line.end, low); i < line.n; i++) {
        if (line.start[i] > high) break;
        if (values[i] > most) most = values[i];
      }
    }
    if (panel.threshold) most = Math.max(most, panel.threshold.value);
    return most > 0 ? most * 1.12 : 1;
  }

  drawBands(plot) {
    const { ctx, bbox } = plot;
    for (const band of this.bands()) {
      const from = clamp(plot.valToPos(band.start, "x", true), bbox.left, bbox.left + bbox.width), to = clamp(plot.valToPos(band.end, "x", true), bbox.left, bbox.left + bbox.width);
      ctx.save();
      ctx.globalAlpha = 0.13; ctx.fillStyle = this.ink[band.severity];
      ctx.fillRect(from, bbox.top, Math.max(to - from, 2), bbox.height);
      ctx.globalAlpha = 0.7; ctx.strokeStyle = this.ink[band.severity]; ctx.setLineDash([4, 3]);
      ctx.beginPath(); for (const edge of [from, to]) { ctx.moveTo(edge, bbox.top); ctx.lineTo(edge, bbox.top + bbox.height); } ctx.stroke();
      ctx.restore();
    }
  }

  drawLines(plot, panel, number) {
    const { ctx, bbox } = plot, ratio = devicePixelRatio || 1, [low, high] = this.view;
    const scale = bbox.width / (high - low || 1), top = plot.scales.y.max, rise = bbox.height / top;
    const x = (seconds) => bbox.left + (clamp(seconds, low, high) - low) * scale, y = (value) => bbox.top + bbox.height - value * rise;
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top - 2 * ratio, bbox.width, bbox.height + 4 * ratio); ctx.clip();
    // The worst is drawn last, on top; but the finding's own stream, which is drawn broad, lies under its other ends.
    const order = [...this.lines.filter((line) => line.own), ...this.lines.filter((line) => !line.own).reverse()];
    for (const line of order) {
      if (this.hidden.has(line.key)) continue;
      const { start, end } = line, values = line.values[number];
      ctx.globalAlpha = this.lit !== null && this.lit !== line.key ? 0.18 : 1;
      ctx.strokeStyle = ctx.fillStyle = this.colour(line);
      ctx.lineWidth = (line.own ? 3.2 : this.lit === line.key ? 2.6 : 1.4) * ratio;
      ctx.setLineDash(line.direction === "producer" ? [] : [5 * ratio, 2.5 * ratio]);
      ctx.beginPath();
      let drawn = -1e9, marks = [], place = bbox.left + ((line.look * 37) % 110) * ratio;
      for (let i = at_least(end, low); i < line.n; i++) {
        if (start[i] > high) break;
        const value = values[i], from = start[i];
        if (value !== value) { drawn = -1e9; continue; }
        const level = y(value), right = x(end[i]);
        if (from === from) {
          const left = x(from);
          if (Math.abs(left - drawn) < 1.5 * ratio) ctx.lineTo(left, level); else ctx.moveTo(left, level);
          ctx.lineTo(right, level);
          drawn = right;
        }
        if (right >= place) { marks.push([right, level]); place = right + 110 * ratio; }
      }
      ctx.stroke();
      ctx.setLineDash([]);
      for (const [at, level] of marks) sign(ctx, line.look, at, level, 3.2 * ratio);
    }
    ctx.globalAlpha = 1;
    if (panel.threshold) {
      const level = y(panel.threshold.value);
      ctx.strokeStyle = this.ink.fg; ctx.lineWidth = 1.3 * ratio; ctx.setLineDash([8 * ratio, 3 * ratio, 2 * ratio, 3 * ratio]);
      ctx.beginPath(); ctx.moveTo(bbox.left, level); ctx.lineTo(bbox.left + bbox.width, level); ctx.stroke();
    }
    ctx.restore();
  }

  redraw() { for (const plot of this.plots) plot.redraw(false, false); }

  // The zoom is done here at once; the kernel hears of it, for the code, the tables and finer samples.
  zoom(view, tell) {
    const { page } = this;
    if (!page.limits) return;
    let [low, high] = [Math.max(view[0], page.limits[0]), Math.min(view[1], page.limits[1])];
    if (high - low < 1) { const middle = clamp((low + high) / 2, page.limits[0] + 0.5, page.limits[1] - 0.5); [low, high] = [middle - 0.5, middle + 0.5]; }
    this.view = [low, high];
    this.windowError = "";
    const focus = this.keepFocus();
    for (const plot of this.plots) plot.setData([[low, high], [0, 1]], true);
    this.renderBar();
    this.placeCursor();
    focus();
    // The lanes follow one frame later: together they would take longer than a frame.
    cancelAnimationFrame(this.laning);
    this.laning = requestAnimationFrame(() => { const back = this.keepFocus(); this.renderLanes(); this.values(); back(); });
    if (!tell) return;
    clearTimeout(this.telling);
    const whole = low <= page.limits[0] && high >= page.limits[1];
    this.telling = setTimeout(() => this.send({ do: "window", start: whole ? null : low, end: whole ? null : high }), 120);
  }
  scaled(factor) {
    const [low, high] = this.view, middle = this.cursor ?? (low + high) / 2, half = ((high - low) * factor) / 2;
    this.zoom([middle - half, middle + half], true);
  }

  // ---- one cursor --------------------------------------------------------------------------------------------

  point(seconds) {
    if (seconds === this.cursor) return;
    this.cursor = seconds;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.placeCursor(); this.values(); this.follow(); });
  }

  placeCursor() {
    const at = this.cursor;
    const there = at !== null && this.view && at >= this.view[0] && at <= this.view[1];
    this.placing = true;
    for (const plot of this.plots) plot.setCursor(there ? { left: this.x(at), top: 10 } : { left: -10, top: -10 }, false);
    this.placing = false;
    if (this.laneCursor) {
      this.laneCursor.hidden = !there;
      if (there) this.laneCursor.style.transform = `translateX(${GUTTER + this.x(at)}px)`;
    }
  }

  valueAt(line, number, at) {
    const i = at_least(line.end, at);
    if (i >= line.n) return NaN;
    return line.start[i] <= at ? line.values[number][i] : NaN;
  }

  renderReadout() {
    const box = this.parts.readout, { scene } = this;
    const panels = scene.panels || [];
    box.hidden = !this.lines.length || !panels.length;
    if (box.hidden) { box.replaceChildren(); return; }
    this.cells = [];
    const head = h("tr", {}, h("th", { class: "rtk-at", scope: "col" }), panels.map((panel) => h("th", { scope: "col" }, panel.title, panel.unit && h("span", { class: "rtk-unit" }, panel.unit))));
    const rows = this.lines.map((line) => {
      const cells = panels.map(() => h("td", {}));
      this.cells.push(cells);
      const canvas = h("canvas", { width: 52, height: 24, class: "rtk-swatch", "aria-hidden": "true" });
      this.swatch(canvas, line);
      const off = this.hidden.has(line.key);
      const light = (on) => () => { this.lit = on ? line.key : null; this.redraw(); };
      // Beside more than two values a name would be broken at every word: it stands above them.
      const above = panels.length > 2, look = { class: off ? "rtk-hidden" : "", onpointerenter: light(true), onpointerleave: light(false) };
      const name = h("th", { scope: "row", colspan: above ? String(panels.length + 1) : null }, h("button", { type: "button", class: "rtk-line", "aria-pressed": String(!off), "data-k": `line ${line.key}`, title: `${line.label}\n${off ? "Show" : "Hide"} this line`,
          onclick: () => { if (off) this.hidden.delete(line.key); else this.hidden.add(line.key); const back = this.keepFocus(); this.renderReadout(); for (const plot of this.plots) plot.setData(plot.data, true); this.placeCursor(); back(); },
          onfocus: light(true), onblur: light(false) }, canvas, h("bdi", {}, short(line.label, 44))));
      return above ? [h("tr", { ...look, class: `${look.class} rtk-above` }, name), h("tr", look, h("td", {}), cells)] : h("tr", look, name, cells);
    });
    fill(box, h("table", {}, h("thead", {}, head), h("tbody", {}, rows)),
      scene.more ? h("button", { type: "button", class: "rtk-more", "data-k": "more lines", onclick: () => this.send({ do: "filter", all_lines: true }) }, `▸ ${scene.more} more lines, not as bad`) : "",
      scene.allLines ? h("button", { type: "button", class: "rtk-more", "data-k": "fewer lines", onclick: () => this.send({ do: "filter", all_lines: false }) }, "▾ the worst only") : "");
    this.values();
  }

  swatch(canvas, line) {
    const ctx = canvas.getContext("2d");
    ctx.scale(2, 2);
    ctx.strokeStyle = ctx.fillStyle = this.colour(line);
    ctx.lineWidth = line.own ? 2.4 : 1.6;
    ctx.setLineDash(line.direction === "producer" ? [] : [5, 2.5]);
    ctx.beginPath(); ctx.moveTo(0, 6); ctx.lineTo(26, 6); ctx.stroke();
    ctx.setLineDash([]);
    sign(ctx, line.look, 13, 6, 3.4);
  }

  values() {
    const at = this.cursor, head = this.parts.readout.querySelector(".rtk-at");
    if (!head || !this.cells) return;
    const [low, high] = this.view;
    const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
    put(head, at === null ? "worst in view" : this.clock(at));
    this.lines.forEach((line, row) => {
      (this.scene.panels || []).forEach((panel, number) => {
        let value = NaN;
        if (at !== null) value = this.valueAt(line, number, at);
        else for (let i = at_least(line.end, low); i < line.n && !(line.start[i] > high); i++) {
          const one = line.values[number][i];
          if (one === one && (value !== value || (panel.low ? one < value : one > value))) value = one;
        }
        put(this.cells[row][number], figure(value));
      });
    });
  }

  // For those who do not see the plots, or use no mouse: each panel is a slider over time that says its values.
  speaking(plot, panel, number) {
    const over = plot.over, { page } = this;
    const worst = this.lines.filter((line) => !this.hidden.has(line.key)).map((line) => {
      let value = NaN, at = NaN;
      for (let i = 0; i < line.n; i++) { const one = line.values[number][i]; if (one === one && (value !== value || (panel.low ? one < value : one > value))) { value = one; at = line.end[i]; } }
      return { line, value, at };
    }).filter((one) => one.value === one.value).sort((a, b) => (panel.low ? a.value - b.value : b.value - a.value))[0];
    over.setAttribute("tabindex", "0");
    over.setAttribute("role", "slider");
    over.setAttribute("data-k", `panel ${panel.key}`);
    over.setAttribute("aria-label", `${panel.title}, ${panel.unit}, over time: ${this.lines.length} lines${worst ? `; worst ${figure(worst.value)} at ${this.clock(worst.at)}, ${worst.line.label}` : ""}. Arrow keys move the cursor, plus and minus zoom, Enter marks the start and the end of a window.`);
    over.setAttribute("aria-valuemin", page.limits[0]);
    over.setAttribute("aria-valuemax", page.limits[1]);
    const tell = () => {
      const at = this.cursor ?? this.view[0];
      over.setAttribute("aria-valuenow", at);
      over.setAttribute("aria-valuetext", `${this.clock(at)}: ${this.lines.filter((line) => !this.hidden.has(line.key)).slice(0, 4).map((line) => `${line.label} ${figure(this.valueAt(line, number, at))} ${panel.unit}`).join(", ")}`);
    };
    tell();
    over.addEventListener("keydown", (event) => {
      const [low, high] = this.view, step = ((high - low) / 100) * (event.shiftKey ? 10 : 1), at = this.cursor ?? low;
      const move = { ArrowRight: at + step, ArrowLeft: at - step, Home: low, End: high, PageUp: at - 10 * step, PageDown: at + 10 * step }[event.key];
      if (move !== undefined) { this.point(clamp(move, low, high)); tell(); }
      else if (event.key === "+" || event.key === "=") this.scaled(0.5);
      else if (event.key === "-") this.scaled(2);
      else if (event.key === "0") this.zoom(this.page.limits, true);
      else if (event.key === "Escape") { this.marked = null; this.point(null); }
      else if (event.key === "Enter") {
        if (this.marked === null || this.marked === undefined) { this.marked = at; this.parts.spoken.textContent = `Start marked at ${this.clock(at)}; move and press Enter for the end.`; }
        else { const edges = [Math.min(this.marked, at), Math.max(this.marked, at)]; this.marked = null; this.zoom(edges, true); this.parts.spoken.textContent = `From ${this.clock(edges[0])} to ${this.clock(edges[1])}.`; }
      } else return;
      event.preventDefault();
    });
  }

  // ---- tabs --------------------------------------------------------------------------------------------------

  askTable(name) { this.tabError = ""; this.send({ do: "table", name }); }

  renderTabs() {
    const { page, options } = this, box = this.parts.tabs;
    if (!page.whole) { box.replaceChildren(); return; }
    const tabs = options.tables || [];
    fill(box, 
      h("div", { class: "rtk-tablist", role: "tablist", "aria-label": "Tables", onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const all = [...event.currentTarget.children];
        all[clamp(all.indexOf(document.activeElement) + step, 0, all.length - 1)]?.focus();
        event.preventDefault();
      } }, tabs.map((tab) => h("button", { type: "button", role: "tab", class: "rtk-tab", "aria-selected": String(this.tab === tab.key), "data-k": `tab ${tab.key}`, onclick: () => {
        this.tab = this.tab === tab.key ? null : tab.key; this.table = null; this.tabError = "";
        const back = this.keepFocus();
        if (this.tab) this.askTable(this.tab);
        this.renderTabs(); back();
      } }, tab.title))),
      (this.tableBox = h("div", { class: "rtk-table", role: "tabpanel", tabindex: this.tab ? "0" : null, hidden: !this.tab })));
    if (this.tab) this.fillTable();
  }

  showTable(message) { if (message.name === this.tab) { this.table = message; this.fillTable(); } }

  fillTable() {
    const { table, tableBox } = this;
    if (!tableBox) return;
    if (this.tabError) { fill(tableBox, h("div", { class: "rtk-refused" }, this.tabError)); return; }
    if (!table) { fill(tableBox, h("div", { class: "rtk-quiet" }, "Reading …")); return; }
    const text = (value, column) => (value === null ? "" : column.time ? this.clock(value) : column.number ? figure(value) : bdi(value, 160));
    this.rows = [];
    fill(tableBox, 
      table.note ? h("div", { class: "rtk-quiet" }, table.note) : "",
      table.rows.length ? h("table", {}, h("thead", {}, h("tr", {}, table.columns.map((column) => h("th", { scope: "col", class: column.number ? "rtk-number" : "" }, this.termed(column.title))))),
        h("tbody", {}, table.rows.map((row, number) => {
          const at = table.times[number] ?? null;
          const tr = h("tr", { class: at === null ? "" : "rtk-timed", onclick: at === null ? null : () => this.point(at) }, row.map((value, n) => h("td", { class: table.columns[n].number ? "rtk-number" : "" }, text(value, table.columns[n]))));
          if (at !== null) this.rows.push([at, tr]);
          return tr;
        }))) : "",
      table.more ? h("div", { class: "rtk-quiet" }, `and ${table.more} more rows: choose people or a shorter time to see them, or use the table in Python`) : "");
    this.follow();
  }

  // The row at the cursor's time is marked, and scrolled to.
  follow() {
    if (!this.rows?.length || this.cursor === null) return;
    let best = null;
    for (const row of this.rows) if (row[0] <= this.cursor && (best === null || row[0] > best[0])) best = row;
    if (this.followed === best) return;
    this.followed?.[1].classList.remove("rtk-now");
    this.followed = best;
    if (!best) return;
    best[1].classList.add("rtk-now");
    const box = this.tableBox, top = best[1].offsetTop;
    if (top < box.scrollTop + 24 || top + best[1].offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
  }

  // ---- taking along ------------------------------------------------------------------------------------------

  showCode(message) {
    const close = () => { this.parts.panel.replaceChildren(); this.focusKey("Show the Python lines for what is on the screen"); };
    const block = (words, text) => [h("div", { class: "rtk-row" }, h("b", {}, words), this.button("Copy", `Copy: ${words}`, () => this.copy(text, "The code is in the clipboard."))), h("pre", { class: "rtk-code", tabindex: "0" }, text)];
    fill(this.parts.panel, h("div", { class: "rtk-code-box", role: "dialog", "aria-label": "Code", onkeydown: (event) => { if (event.key === "Escape") close(); } },
      block("The same without the explorer", message.text), block("This view again", message.view), this.button("Close", "Close the code", close)));
    this.parts.panel.querySelector("button").focus();
  }

  copy(text, done) {
    const fallback = () => {
      const box = h("textarea", { style: "position:fixed;opacity:0" });
      box.value = text; this.root.append(box); box.select();
      const worked = document.execCommand("copy");
      box.remove();
      this.say(worked ? done : "This page does not allow copying: select the text and copy it by hand.", worked ? "good" : "warn");
    };
    if (navigator.clipboard?.writeText) navigator.clipboard.writeText(text).then(() => this.say(done, "good"), fallback);
    else fallback();
  }

  download(blob, name) {
    const link = h("a", { href: URL.createObjectURL(blob), download: name });
    this.root.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  savePicture(bytes, message) {
    const picture = new Blob([bytes], { type: "image/svg+xml" });
    const saved = (blob) => { this.download(blob, message.name); this.say(`The picture ${message.name} is in your downloads.`, "good"); };
    if (message.as_kind === "svg") { saved(picture); return; }
    const image = new Image(), url = URL.createObjectURL(picture);
    image.onload = () => {
      const canvas = h("canvas", { width: image.naturalWidth * 2, height: image.naturalHeight * 2 });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(saved, "image/png");
      URL.revokeObjectURL(url);
    };
    image.src = url;
  }
}

// Signs that tell lines apart without their colours.
function sign(ctx, look, x, y, size) {
  const kind = (look + Math.floor(look / 8)) % 8;
  ctx.beginPath();
  if (kind === 0) ctx.arc(x, y, size, 0, 7);
  else if (kind === 1) ctx.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else if (kind === 2) { ctx.moveTo(x, y - size * 1.2); ctx.lineTo(x + size * 1.2, y + size); ctx.lineTo(x - size * 1.2, y + size); }
  else if (kind === 3) { ctx.moveTo(x, y - size * 1.3); ctx.lineTo(x + size * 1.3, y); ctx.lineTo(x, y + size * 1.3); ctx.lineTo(x - size * 1.3, y); }
  else if (kind === 4) { ctx.moveTo(x, y + size * 1.2); ctx.lineTo(x + size * 1.2, y - size); ctx.lineTo(x - size * 1.2, y - size); }
  else if (kind === 5) { ctx.rect(x - size * 1.2, y - size * 0.4, size * 2.4, size * 0.8); ctx.rect(x - size * 0.4, y - size * 1.2, size * 0.8, size * 2.4); }
  else if (kind === 6) { ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size); ctx.moveTo(x + size, y - size); ctx.lineTo(x - size, y + size); ctx.stroke(); return; }
  else { ctx.moveTo(x, y - size * 1.2); ctx.lineTo(x, y + size * 1.2); ctx.moveTo(x - size * 1.2, y); ctx.lineTo(x + size * 1.2, y); ctx.stroke(); return; }
  ctx.fill();
}
