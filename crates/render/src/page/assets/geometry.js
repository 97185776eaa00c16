// Where boxes and arrows go: dagre's layers, with referrers above what they refer to.

const pen = document.createElement('canvas').getContext('2d');
const widths = new Map();

function widthOf(words, font) {
  const key = `${font}\u0000${words}`;
  if (!widths.has(key)) {
    pen.font = font;
    widths.set(key, pen.measureText(words).width);
  }
  return widths.get(key);
}

const FONT = '"DejaVu Sans", sans-serif';
const clipped = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);

// The lines of a box, each with its class.
function linesOf(box) {
  const node = nodeOf(box);
  const isOne = isSingle(box);
  const types = new Set(box.members.map((id) => data.nodes[id].type));
  const type = types.size === 1 ? node.type : `${types.size} types`;
  const lines = [];
  if (box.members.some((id) => data.nodes[id].isStart)) lines.push(['mark', isOne ? '▶ this object' : '▶ these objects']);
  if (box.members.some((id) => path.nodes.has(id))) lines.push(['mark of-path', '◆ on the path']);
  lines.push(['heading', isOne ? `${clipped(type, 48)}${node.isStart ? ` #${node.ordinal}` : ''}` : `${grouped(countOf(box))} × ${clipped(type, 48)}`]);
  if (isOne && node.text && node.text !== node.type) lines.push(['', clipped(node.text, 60)]);
  if (isOne && node.root && !node.root.endsWith(` ${node.text}`)) lines.push(['small', clipped(node.root, 60)]);
  return lines.map(([kind, words]) => ({ kind, words, height: kind === 'heading' ? 18 : kind === '' ? 16.5 : 14.5 }));
}

function sizeOf(lines) {
  const font = (kind) => (kind === 'heading' ? `bold 13px ${FONT}` : kind === '' ? `12px ${FONT}` : `10.5px ${FONT}`);
  const width = Math.max(...lines.map((line) => widthOf(line.words, font(line.kind))), 40);
  return { width: Math.ceil(width) + 30, height: Math.ceil(lines.reduce((sum, line) => sum + line.height, 0)) + 16 };
}

// Arrows between shown boxes: one for each two, with the names of all its references.
function arrows() {
  const between = new Map();
  for (const box of boxes.values()) {
    for (const id of box.members) {
      for (const reference of data.nodes[id].down) {
        const target = boxOf.get(reference.target);
        if (target === undefined) continue;
        const key = `${box.key}>${target}`;
        if (!between.has(key)) between.set(key, { key, source: box.key, target, names: new Map(), kinds: new Map(), isOnPath: false });
        const arrow = between.get(key);
        arrow.names.set(reference.name, (arrow.names.get(reference.name) || 0) + reference.count);
        arrow.kinds.set(reference.kind, reference.name);
        arrow.isOnPath = arrow.isOnPath || path.references.has(reference);
      }
    }
  }
  for (const arrow of between.values()) arrow.label = labelOf(arrow);
  return [...between.values()];
}

function labelOf(arrow) {
  const total = [...arrow.names.values()].reduce((sum, count) => sum + count, 0);
  const times = total > 1 ? ` × ${grouped(total)}` : '';
  const names = [...arrow.names.keys()];
  if (names.length <= 2 && total <= 2) return clipped(names.filter(Boolean).join(', '), 48);
  if (names.length === 1) return `${clipped(names[0], 40)}${times}`.trim();
  const isByPlace = [...arrow.kinds.keys()].every((kind) => ['index', 'item', 'constant', 'member'].includes(kind));
  return isByPlace ? `[*]${times}` : `${clipped(names[0] || names[1], 36)}, …${times}`;
}

function layOut() {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ ranksep: 46, nodesep: 22, edgesep: 14, ranker: 'tight-tree' });
  const shapes = new Map();
  for (const box of boxes.values()) {
    const lines = linesOf(box);
    const size = sizeOf(lines);
    shapes.set(box.key, { box, lines, ...size });
    graph.setNode(box.key, { ...size });
  }
  const lines = arrows();
  for (const arrow of lines) {
    if (arrow.source === arrow.target) continue;
    // An arrow that points back to where the walk came from is laid out the other way around, so that rows are distances.
    const isBack = boxes.get(arrow.source).level > boxes.get(arrow.target).level;
    const label = { width: arrow.label ? widthOf(arrow.label, `11.5px ${FONT}`) + 10 : 0, height: arrow.label ? 18 : 0, labelpos: 'c' };
    arrow.isBack = isBack;
    graph.setEdge(isBack ? arrow.target : arrow.source, isBack ? arrow.source : arrow.target, label, arrow.key);
  }
  dagre.layout(graph);
  for (const [key, shape] of shapes) {
    const { x, y } = graph.node(key);
    Object.assign(shape, { x, y });
  }
  for (const arrow of lines) {
    if (arrow.source === arrow.target) {
      const { x, y, width, height } = shapes.get(arrow.source);
      const right = x + width / 2;
      arrow.points = [[right, y - height / 4], [right + 26, y - height / 3], [right + 26, y + height / 3], [right, y + height / 4]].map(([px, py]) => ({ x: px, y: py }));
      arrow.at = { x: right + 30 + widthOf(arrow.label, `11.5px ${FONT}`) / 2, y };
      continue;
    }
    const edge = graph.edge(arrow.isBack ? arrow.target : arrow.source, arrow.isBack ? arrow.source : arrow.target, arrow.key);
    arrow.points = arrow.isBack ? edge.points.slice().reverse() : edge.points;
    arrow.at = arrow.label ? { x: edge.x, y: edge.y } : null;
  }
  const { width, height } = graph.graph();
  return { shapes, lines, width: Math.max(width || 0, 1), height: Math.max(height || 0, 1) };
}
