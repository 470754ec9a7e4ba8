// What a person who can't see well, or can't use a mouse, would stumble over. Returns a list of complaints.
(() => {
  const found = [];
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const svg = node.closest && node.closest("g") && node.closest("g").querySelector("rect");
      const color = numbers(getComputedStyle(svg || node)[svg ? "fill" : "backgroundColor"]);
      if (color.length < 4 || color[3] > 0) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const owner = text.parentElement;
    if (!text.data.trim() || owner.closest("title,.skip")) continue;
    const style = getComputedStyle(owner);
    const ink = numbers(owner.namespaceURI.endsWith("svg") ? style.fill : style.color).slice(0, 3);
    const [light, deep] = [luminance(ink), luminance(behind(owner))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (deep + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${text.data.trim().slice(0, 40)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => found.push(`two things are called ${id}`));
  document.querySelectorAll("a[href^='#']").forEach((a) => {
    if (!document.getElementById(decodeURIComponent(a.hash.slice(1)))) found.push(`a link leads nowhere: ${a.hash}`);
  });
  document.querySelectorAll("svg").forEach((s) => {
    if (!s.getAttribute("aria-label") || s.getAttribute("role") !== "img") found.push("a drawing without a name");
  });
  document.querySelectorAll("table").forEach((t) => {
    if (!t.caption || !t.caption.textContent.trim()) found.push("a table without a caption");
    if (t.querySelector("thead th:not([scope=col])")) found.push("a head without a scope");
    if (t.querySelector("tbody tr:not(:has(> th[scope=row]))")) found.push("a line without a head");
  });
  document.querySelectorAll("*").forEach((e) => {
    const scrolls = e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
    if (scrolls && e.tabIndex < 0) found.push(`scrolls, but not for a keyboard: ${e.className}`);
  });
  let level = 0;
  document.querySelectorAll("h1,h2,h3,h4").forEach((h) => {
    const next = Number(h.tagName[1]);
    if (next > level + 1) found.push(`a heading is skipped before ${h.textContent}`);
    level = next;
  });
  if (document.querySelectorAll("h1").length !== 1) found.push("there is not one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("there is not one main");
  if (!document.documentElement.lang || !document.title) found.push("no language, or no title");
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.push("the page scrolls sideways");
  return found;
})()
