// Keeps the keys typed into the box that it stands in from the notebook, whose command mode would take them: "d d"
// over a list deletes the cell. ipywidgets' own controls offer no way to say so.
export default {
  render({ model, el }) {
    el.style.display = "none";
    let box = null;
    // The handles of a range slider tell a screen reader their times, not their positions.
    const speak = () => {
      const values = model.get("values");
      box?.querySelectorAll(".noUi-handle").forEach((handle, n) => {
        if (!values[n]) return;
        handle.setAttribute("aria-label", n ? "end of the window" : "start of the window");
        if (handle.getAttribute("aria-valuetext") !== values[n]) handle.setAttribute("aria-valuetext", values[n]);
      });
    };
    const guard = () => {
      const found = el.closest(".rtk-picker");
      if (!found) return;
      if (found !== box) {
        box = found;
        box.setAttribute("data-lm-suppress-shortcuts", "true");
        box.setAttribute("tabindex", "-1");
        box.style.outline = "none";
        // A shortcut for whatever has the focus is found on the focused element itself, so that one has to say no, too.
        box.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
        for (const kind of ["keydown", "keypress", "keyup"]) box.addEventListener(kind, (event) => event.stopPropagation());
        seen.disconnect();
        seen.observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
      }
      speak();
    };
    // The view is made before it is put on the page.
    const seen = new MutationObserver(guard);
    seen.observe(document.body, { childList: true, subtree: true });
    guard();
    model.on("change:values", speak);
    return () => { seen.disconnect(); model.off("change:values", speak); };
  },
};
