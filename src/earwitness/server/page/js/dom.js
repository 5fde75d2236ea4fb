// Elements, built of text and attributes only: what people wrote is never read as HTML.

/**
 * An element with attributes and children.
 *
 * `on...` attributes are listeners, true and false set and leave out an attribute, `style` is an object of properties,
 * and a link may lead to http(s), to this site or to a place on the page, nowhere else. Children are nodes, texts, or
 * lists of them; null and false are left out.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  put(element, children);
  return element;
}

/** Puts children into an element in place of those it has. */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, children);
  return element;
}

/** A drawing of 24 by 24 by its name; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, whose label is read out and shown where the pointer rests. */
export function iconButton(name, label, onclick, attributes = {}) {
  return el("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick, ...attributes },
    icon(name));
}

/** Tells what has happened: to screen readers, and for some seconds to all. */
export function say(text, kind = "") {
  const place = document.getElementById("says");
  clearTimeout(fading);
  place.className = kind;
  place.textContent = text;
  fading = setTimeout(() => { place.textContent = ""; }, kind === "error" ? 12000 : 5000);
}

/** A sheet over the page; it closes by Escape, by its button, and by a click beside it. Returns the dialog. */
export function sheet(title, ...content) {
  const close = iconButton("close", "Close", () => dialog.close());
  const dialog = el("dialog", { class: "sheet", "aria-label": title, onclick: (event) => {
    if (event.target === dialog) dialog.close();
  }, onclose: () => dialog.remove() },
  el("div", { class: "sheet-inside" }, el("header", {}, el("h2", {}, title), close), ...content));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A menu at a button: light to dismiss. `items` are elements; arrow keys go through them. */
export function menu(button, label, items) {
  const list = el("div", { class: "menu", popover: "auto", "aria-label": label, role: "group" }, items);
  document.body.append(list);
  list.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    list.remove();
    if (document.activeElement === document.body) button.focus();
  });
  list.addEventListener("click", (event) => { if (event.target.closest("a, button")) list.hidePopover(); });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.querySelectorAll(ITEMS)];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
  });
  list.showPopover();
  beside(list, button.getBoundingClientRect());
  list.querySelector(ITEMS)?.focus();
  return list;
}

/** Places a floating element under a box, or above it where there is more room, inside the window. */
export function beside(floating, box, { gap = 6 } = {}) {
  const [width, height] = [floating.offsetWidth, floating.offsetHeight];
  const below = innerHeight - box.bottom > height + gap || innerHeight - box.bottom > box.top;
  const top = below ? box.bottom + gap : box.top - height - gap;
  floating.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  floating.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

const SVG = "http://www.w3.org/2000/svg";
const ITEMS = "a, button:enabled, input";
let fading = 0;

const ICONS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  back: "M12 5a7.5 7.5 0 1 1-7.2 5.400M12 5 9 2.500M12 5 9 7.5",
  forward: "M12 5a7.5 7.5 0 1 0 7.2 5.400M12 5l3-2.500M12 5l3 2.5",
  close: "M6 6l12 12M18 6 6 18",
  help: "M9 9.200a3 3 0 1 1 4.3 2.700c-.9.5-1.3 1-1.3 2M12 17.300v.2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  auto: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18v18",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.700l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.700l1-1",
  edit: "M4 20l1-4L16.5 4.500l3 3L8 19zM14 7l3 3",
  undo: "M8 5 4 9l4 4M4 9h9.500a5.5 5.5 0 0 1 0 11H9",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20.5 20.5",
  next: "M12 5v14M6 13l6 6 6-6",
  previous: "M12 19V5M6 11l6-6 6 6",
  check: "M5 12.500l4.5 4.500L19 7.5",
  upload: "M12 16V5M7.5 9 12 4.5 16.5 9M5 20h14",
  microphone: "M12 3.500a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3M5.5 11.500a6.5 6.5 0 0 0 13 0M12 18v3",
  stop: "M6.5 6.500h11v11h-11z",
  trash: "M5 7h14M9.5 7V4.500h5V7M7 7l1 13h8l1-13M10 11v5.500M14 11v5.5",
  forwards: "M5 12h14M13 6l6 6-6 6",
  sound: "M4 10v4h3.500l4.5 4V6L7.5 10zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11",
  more: "M5.5 12v.01M12 12v.01M18.5 12v.01",
  warning: "M12 4 2.8 20h18.400zM12 10v4.500M12 17.300v.2",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20.500a7.5 7.5 0 0 1 15 0",
  cut: "M12 4v16M8 8 4 12l4 4M16 8l4 4-4 4",
  join: "M12 4v16M4 8l4 4-4 4M20 8l-4 4 4 4",
};

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
  else if (name === "href" && !/^(https?:\/\/|\/(?!\/)|#)/i.test(value)) return;
  else element.setAttribute(name, value === true ? "" : value);
}

function put(element, children) {
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false) element.append(child);
}
