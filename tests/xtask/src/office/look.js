// What is wrong with the page, as a person with a tablet, a keyboard or a screen reader would find it.
(() => {
  const wrong = [];
  const name = (it) => `${it.tagName.toLowerCase()} "${(it.innerText || it.name || it.id || "").trim().slice(0, 40)}"`;
  const isSeen = (it) => {
    const box = it.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(it).visibility !== "hidden";
  };
  if (!document.documentElement.lang) wrong.push("the page has no language");
  if (document.querySelectorAll("h1").length !== 1) wrong.push("the page has not one h1");
  if (document.querySelectorAll("main").length !== 1) wrong.push("the page has not one main");
  if (!document.title.trim()) wrong.push("the page has no title");
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select")) {
    if (!field.labels?.length) wrong.push(`${name(field)} has no label`);
  }
  for (const picture of document.querySelectorAll("svg, img")) {
    if (!picture.getAttribute("aria-label") && !picture.getAttribute("alt") && picture.getAttribute("aria-hidden") !== "true") wrong.push(`${name(picture)} has no name`);
  }
  for (const target of document.querySelectorAll("button, select, input:not([type=hidden]), nav a, a.button, .calls a, .people a")) {
    if (isSeen(target) && target.getBoundingClientRect().height < 44) wrong.push(`${name(target)} is too low to touch`);
  }
  for (const cell of document.querySelectorAll("th")) {
    if (!cell.scope) wrong.push(`${name(cell)} heads nothing`);
  }
  const parts = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((it) => it / 255)
    .map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const color = parts(getComputedStyle(it).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const it = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !isSeen(it) || it.closest("svg")) continue;
    const [one, other] = [light(parts(getComputedStyle(it).color)), light(behind(it))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) wrong.push(`${name(it)} has a contrast of ${contrast.toFixed(1)}`);
  }
  return wrong;
})()
