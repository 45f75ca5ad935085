() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const named = (element) => (element.getAttribute("aria-label") || element.textContent || element.title || "").trim();
  const where = (element) => element.outerHTML.slice(0, 120);
  if (!document.documentElement.lang) faults.push("the page has no language");
  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} headings of the page`);
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main part");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push(`twice: #${id}`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!field.labels?.length && !field.getAttribute("aria-label")) faults.push(`no label: ${where(field)}`);
  for (const act of document.querySelectorAll("a[href], button, summary"))
    if (shown(act)) {
      if (!named(act)) faults.push(`no name: ${where(act)}`);
      const box = act.getBoundingClientRect();
      if (act.tagName === "BUTTON" && (box.height < 32 || box.width < 32)) faults.push(`too small to tap: ${where(act)}`);
    }
  for (const image of document.querySelectorAll("img, svg"))
    if (!image.getAttribute("aria-label") && !image.getAttribute("alt") && !image.getAttribute("aria-hidden")) faults.push(`no words for: ${where(image)}`);
  for (const link of document.querySelectorAll("a[href^='#']"))
    if (shown(link) && !document.querySelector(link.getAttribute("href"))) faults.push(`leads nowhere: ${where(link)}`);
  for (const element of document.querySelectorAll("[tabindex]"))
    if (element.tabIndex > 0) faults.push(`out of order: ${where(element)}`);
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("it scrolls sideways");
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || element.closest("svg, .away, .skip, option")) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(numbers(style.color)), light(ground(element))].sort((a, b) => b - a);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
    if ((one + 0.05) / (two + 0.05) < (large ? 3 : 4.5) && style.opacity === "1")
      faults.push(`too faint (${((one + 0.05) / (two + 0.05)).toFixed(1)}): ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return faults;
}
