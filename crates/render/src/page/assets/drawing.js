// The diagram: SVG elements made of the geometry, all text by textContent.

const SVG = 'http://www.w3.org/2000/svg';
const diagram = document.getElementById('diagram');
const view = { x: 0, y: 0, scale: 1 };
let scene = null;
let chosen = null;

function make(name, attributes, words, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (words !== undefined && words !== null) element.textContent = words;
  if (parent) parent.append(element);
  return element;
}

const closed = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' L')} Z`;

// The outline says what sort of root an object is; colour repeats it.
function outline(kind, w, h) {
  const [l, r, t, b] = [-w / 2, w / 2, -h / 2, h / 2];
  if (kind === 'module') return closed([[l, t - 6], [l + 46, t - 6], [l + 52, t], [r, t], [r, b], [l, b]]);
  if (kind === 'frame') return `${closed([[l, t], [r, t], [r, b], [l, b]])} M${l + 7},${t} V${b} M${r - 7},${t} V${b}`;
  if (kind === 'interpreter' || kind === 'static') return closed([[l + 8, t], [r - 8, t], [r, t + 8], [r, b - 8], [r - 8, b], [l + 8, b], [l, b - 8], [l, t + 8]]);
  if (kind === 'external') return closed([[l - 8, 0], [l + 6, t], [r - 6, t], [r + 8, 0], [r - 6, b], [l + 6, b]]);
  return `M${l + 6},${t} H${r - 6} Q${r},${t} ${r},${t + 6} V${b - 6} Q${r},${b} ${r - 6},${b} H${l + 6} Q${l},${b} ${l},${b - 6} V${t + 6} Q${l},${t} ${l + 6},${t} Z`;
}

function nameOf(box) {
  const node = nodeOf(box);
  if (!isSingle(box)) {
    const types = new Set(box.members.map((id) => data.nodes[id].type));
    return `${grouped(countOf(box))} × ${types.size === 1 ? node.type : `${types.size} types`}`;
  }
  const words = [`${node.type} #${node.ordinal}`];
  if (node.text && node.text !== node.type) words.push(node.text);
  if (node.root) words.push(node.root);
  return words.join(', ');
}

function spoken(box) {
  const words = [nameOf(box)];
  if (box.members.some((id) => data.nodes[id].isStart)) words.push('asked about');
  if (box.members.some((id) => path.nodes.has(id))) words.push('on the path to a root');
  if (!isSingle(box)) words.push('folded');
  const [up, down] = [hiddenCount(box, 'up'), hiddenCount(box, 'down')];
  if (up > 0) words.push(`${counted(up, 'referrer')} not shown`);
  if (down > 0) words.push(`${counted(down, 'referent')} not shown`);
  return words.join(', ');
}

function drawHandle(group, box, way, boxWidth, height) {
  const count = hiddenCount(box, way);
  const isOpen = below(box, way).some((other) => !other.isKept);
  if (count === 0 && !isOpen) return;
  const words = count > 0 ? `+${grouped(count)}` : '−';
  const width = widthOf(words, `10.5px ${FONT}`) + 14;
  const y = way === 'up' ? -height / 2 - (nodeOf(box).kind === 'module' ? 12 : 6) : height / 2 + 6;
  const what = way === 'up' ? 'referrers' : 'referents';
  const handle = make('g', { class: 'handle', transform: `translate(${boxWidth / 2 - width / 2 - 4} ${y})`, 'data-way': way }, null, group);
  make('title', {}, count > 0 ? `Show ${grouped(count)} ${what}` : `Hide ${what}`, handle);
  make('path', { d: outline('', width, 15) }, null, handle);
  make('text', { y: 4 }, words, handle);
}

function drawBox(shape, parent) {
  const { box, lines, width, height, x, y } = shape;
  const node = nodeOf(box);
  const classes = ['box', node.kind || 'object'];
  if (box.members.some((id) => data.nodes[id].isStart)) classes.push('start');
  if (box.members.some((id) => path.nodes.has(id))) classes.push('path');
  if (box.key === chosen) classes.push('chosen');
  const group = make('g', {
    class: classes.join(' '), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, role: 'button', 'data-key': box.key,
    tabindex: box.key === chosen ? 0 : -1, 'aria-label': spoken(box),
  }, null, parent);
  make('title', {}, isSingle(box) ? `${node.full} #${node.ordinal}, ${counted(node.size, 'byte')}` : nameOf(box), group);
  make('rect', { class: 'halo', x: -width / 2 - 9, y: -height / 2 - 9, width: width + 18, height: height + 18, rx: 9 }, null, group);
  if (!isSingle(box)) make('path', { class: 'behind', d: outline('', width, height), transform: 'translate(4 4)' }, null, group);
  make('path', { d: outline(node.kind, width, height) }, null, group);
  let top = -height / 2 + 8;
  for (const line of lines) {
    make('text', { class: line.kind, y: (top + line.height * 0.74).toFixed(1) }, line.words, group);
    top += line.height;
  }
  drawHandle(group, box, 'up', width, height);
  drawHandle(group, box, 'down', width, height);
}

function drawArrow(arrow, parent) {
  const group = make('g', { class: arrow.isOnPath ? 'arrow path' : 'arrow' }, null, parent);
  const points = arrow.points.map((point) => ({ ...point }));
  const tip = points[points.length - 1];
  const before = points[points.length - 2];
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [dx, dy] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const base = { x: tip.x - dx * 9, y: tip.y - dy * 9 };
  points[points.length - 1] = base;
  let line = `M${points[0].x.toFixed(1)},${points[0].y.toFixed(1)}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [here, next] = [points[at], points[at + 1]];
    const end = at === points.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    line += ` Q${here.x.toFixed(1)},${here.y.toFixed(1)} ${end.x.toFixed(1)},${end.y.toFixed(1)}`;
  }
  if (points.length === 2) line += ` L${base.x.toFixed(1)},${base.y.toFixed(1)}`;
  make('path', { class: 'line', d: line }, null, group);
  make('path', { class: 'head', d: closed([[tip.x, tip.y], [base.x - dy * 4.5, base.y + dx * 4.5], [base.x + dy * 4.5, base.y - dx * 4.5]]) }, null, group);
  if (arrow.label && arrow.at) make('text', { x: arrow.at.x.toFixed(1), y: (arrow.at.y + 4).toFixed(1) }, arrow.label, group);
}

function place() {
  document.getElementById('world')?.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
}

// Lays out and draws anew; what is `still` stays where it is on the screen.
function draw(still) {
  const before = still && scene ? scene.shapes.get(still) : null;
  scene = layOut();
  diagram.replaceChildren();
  const world = make('g', { id: 'world' }, null, diagram);
  for (const arrow of scene.lines) drawArrow(arrow, world);
  for (const shape of scene.shapes.values()) drawBox(shape, world);
  const after = still && scene.shapes.get(still);
  if (before && after) {
    view.x += (before.x - after.x) * view.scale;
    view.y += (before.y - after.y) * view.scale;
  }
  place();
}

function fit() {
  const { width, height } = diagram.getBoundingClientRect();
  view.scale = Math.min(1.2, Math.max(0.05, Math.min(width / (scene.width + 60), height / (scene.height + 70))));
  view.x = (width - scene.width * view.scale) / 2;
  view.y = (height - scene.height * view.scale) / 2;
  place();
}

function zoom(factor, x, y) {
  const room = diagram.getBoundingClientRect();
  const [at, down] = [x === undefined ? room.width / 2 : x - room.left, y === undefined ? room.height / 2 : y - room.top];
  const scale = Math.min(4, Math.max(0.05, view.scale * factor));
  view.x = at - ((at - view.x) * scale) / view.scale;
  view.y = down - ((down - view.y) * scale) / view.scale;
  view.scale = scale;
  place();
}

// Brings a box onto the screen, if it is not there.
function showUp(key) {
  const shape = scene.shapes.get(key);
  if (!shape) return;
  const { width, height } = diagram.getBoundingClientRect();
  view.scale = Math.max(view.scale, 0.5);
  const [x, y] = [view.x + shape.x * view.scale, view.y + shape.y * view.scale];
  const margin = 60;
  if (x < margin || x > width - margin) view.x += width / 2 - x;
  if (y < margin || y > height - margin) view.y += height / 2 - y;
  place();
}
