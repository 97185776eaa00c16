// The data of the page, and which of its objects are shown, alone or folded.

// Boxes that are laid out at once; what comes beyond is folded.
const MOST = 240;
// Objects alike that are drawn each.
const FEW = 4;
// Members of a group that one unfolding shows.
const STEP = 20;
// Boxes that one expansion adds.
const WIDEST = 40;

const data = (() => {
  const read = JSON.parse(document.getElementById('data').textContent);
  const word = (number) => read.words[number];
  const nodes = read.nodes.map((row, id) => ({
    id, address: read.addresses ? read.addresses[id] : null, ordinal: row[0], type: word(row[1]), full: word(row[2]), text: word(row[3]), root: word(row[4]), kind: word(row[5]),
    isStart: (row[6] & 1) !== 0, isOnChain: (row[6] & 2) !== 0, size: row[7], retained: row[8], count: row[9] + 1,
    leftOut: row[10], functions: row[11], toIt: row[12], fromIt: row[13], up: [], down: [],
  }));
  const references = read.references.map((row) => ({
    source: row[0], target: row[1], kind: word(row[2]), name: word(row[3]), note: word(row[4]), count: row[5] + 1, isOnChain: row[6] === 1,
  }));
  for (const reference of references) {
    nodes[reference.source].down.push(reference);
    nodes[reference.target].up.push(reference);
  }
  return { title: read.title, question: read.question, hasAddresses: Boolean(read.addresses), nodes, references };
})();

const OTHER = { up: 'down', down: 'up' };
const ASKED = data.question === 'referrers' || data.question === 'chain' ? 'up' : 'down';
const far = (reference, way) => (way === 'up' ? reference.source : reference.target);
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');
const counted = (count, one, many) => `${grouped(count)} ${count === 1 ? one : many || `${one}s`}`;

// Boxes by their keys, and the box in which each object is.
const boxes = new Map();
const boxOf = new Map();
let path = { nodes: new Set(), references: new Set() };

const isSingle = (box) => box.members.length === 1 && data.nodes[box.members[0]].count === 1;
const nodeOf = (box) => data.nodes[box.members[0]];
const countOf = (box) => box.members.reduce((sum, id) => sum + data.nodes[id].count, 0);

function addBox(key, members, from, way, level) {
  const box = { key, members, from, way, level };
  boxes.set(key, box);
  for (const id of members) boxOf.set(id, key);
  return box;
}

function addSingle(id, from, way, level) {
  return addBox(`n${id}`, [id], from, way, level);
}

function dropBox(box) {
  boxes.delete(box.key);
  for (const id of box.members) boxOf.delete(id);
}

// What makes two neighbours alike: type, kind of root, and the role that their references play.
function role(id, references, way) {
  const { type, kind } = data.nodes[id];
  const roles = references.map((reference) => {
    const isNamed = ['attribute', 'slot', 'special', 'local', 'cell'].includes(reference.kind);
    return isNamed && !(way === 'down' && reference.kind === 'attribute' && references.length > FEW) ? `${reference.kind}${reference.name}` : reference.kind;
  });
  return [type, kind, ...new Set(roles)].join('\u0000');
}

// Neighbours of a box that are not shown, each with the references to it.
function hidden(box, way) {
  const found = new Map();
  for (const id of box.members) {
    for (const reference of data.nodes[id][way]) {
      const other = far(reference, way);
      if (boxOf.has(other)) continue;
      if (found.has(other)) found.get(other).push(reference);
      else found.set(other, [reference]);
    }
  }
  return found;
}

function hiddenCount(box, way) {
  let count = 0;
  for (const id of hidden(box, way).keys()) count += data.nodes[id].count;
  return count;
}

// Shows the neighbours of a box, those that are alike as one; gives how many objects came.
function expand(box, way) {
  const alike = new Map();
  for (const [id, references] of hidden(box, way)) {
    const key = path.nodes.has(id) ? `alone${id}` : role(id, references, way);
    if (alike.has(key)) alike.get(key).push(id);
    else alike.set(key, [id]);
  }
  const level = box.level + (way === 'up' ? -1 : 1);
  const room = Math.max(0, Math.min(WIDEST, MOST - boxes.size));
  const groups = [...alike.values()];
  const total = groups.flat().reduce((sum, id) => sum + data.nodes[id].count, 0);
  const drawn = groups.length > room ? groups.slice(0, Math.max(room - 1, 0)) : groups;
  const rest = groups.slice(drawn.length).flat();
  let used = drawn.length;
  for (const members of drawn) {
    if (members.length <= FEW && used + members.length - 1 <= room) {
      used += members.length - 1;
      members.forEach((id) => addSingle(id, box.key, way, level));
    } else addBox(`g${members[0]}`, members, box.key, way, level);
  }
  if (rest.length === 1) addSingle(rest[0], box.key, way, level);
  else if (rest.length > 1) addBox(`g${rest[0]}`, rest, box.key, way, level);
  return total;
}

const below = (box, way) => [...boxes.values()].filter((other) => other.from === box.key && (!way || other.way === way));

// Hides what was shown by expanding a box.
function collapse(box, way) {
  const waiting = below(box, way).filter((other) => !other.isKept);
  let count = 0;
  while (waiting.length > 0) {
    const next = waiting.pop();
    waiting.push(...below(next).filter((other) => !other.isKept));
    count += countOf(next);
    dropBox(next);
  }
  return count;
}

// Shows the next members of a group each; gives how many. Those that are not in the file stay a count.
function unfold(box) {
  const members = box.members.filter((id) => data.nodes[id].count === 1);
  const shown = members.slice(0, Math.min(STEP, Math.max(0, MOST - boxes.size)));
  if (shown.length === 0) return 0;
  const hung = below(box);
  dropBox(box);
  const rest = box.members.filter((id) => !shown.includes(id));
  const singles = shown.map((id) => addSingle(id, box.from, box.way, box.level));
  const heir = rest.length > 0 ? addBox(`g${rest[0]}`, rest, box.from, box.way, box.level) : singles[0];
  for (const other of hung) other.from = heir.key;
  return shown.length;
}

// Folds a box with those of its row that came with it and are alike; gives the group, or nothing.
function fold(box) {
  if (!box.from || box.isKept) return null;
  const roleOf = (id) => {
    const from = boxes.get(box.from);
    return role(id, from ? data.nodes[id][OTHER[box.way]].filter((reference) => from.members.includes(far(reference, OTHER[box.way]))) : [], box.way);
  };
  const key = roleOf(box.members[0]);
  const same = [...boxes.values()].filter(
    (other) => other.from === box.from && other.way === box.way && !other.isKept && roleOf(other.members[0]) === key);
  if (same.length < 2) return null;
  same.forEach((other) => collapse(other));
  const members = same.flatMap((other) => other.members);
  same.forEach(dropBox);
  return addBox(`g${members[0]}`, members, box.from, box.way, box.level);
}

// Shows one object by itself, if need be with the shortest way to what is shown; gives its box.
function reveal(id) {
  const shown = boxOf.has(id) && boxes.get(boxOf.get(id));
  if (shown) return isSingle(shown) ? shown : takeOut(shown, id);
  const before = new Map([[id, null]]);
  const queue = [id];
  let end = null;
  for (let at = 0; at < queue.length && end === null; at += 1) {
    for (const way of [OTHER[ASKED], ASKED]) {
      for (const reference of data.nodes[queue[at]][way]) {
        const other = far(reference, way);
        if (before.has(other)) continue;
        before.set(other, { id: queue[at], way });
        if (boxOf.has(other)) { end = other; break; }
        queue.push(other);
      }
      if (end !== null) break;
    }
  }
  if (end === null) return addSingle(id, null, null, 0);
  let box = reveal(end);
  for (let step = before.get(end); step; step = before.get(step.id)) {
    const way = OTHER[step.way];
    box = addSingle(step.id, box.key, way, box.level + (way === 'up' ? -1 : 1));
  }
  return box;
}

function takeOut(group, id) {
  if (group.members.length === 1) return group;
  const hung = below(group);
  group.members = group.members.filter((member) => member !== id);
  boxes.delete(group.key);
  group.key = `g${group.members[0]}`;
  for (const member of group.members) boxOf.set(member, group.key);
  boxes.set(group.key, group);
  for (const other of hung) other.from = group.key;
  return addSingle(id, group.from, group.way, group.level);
}

// The shortest way from an object to what keeps it alive, from the root down; empty where the file has none.
function pathToRoot(id) {
  const order = ['module', 'frame', 'interpreter', 'static', 'external'];
  const isRoot = (node) => order.includes(node.kind);
  const towards = new Map([[id, null]]);
  const queue = [id];
  for (let at = 0; at < queue.length; at += 1) {
    const node = data.nodes[queue[at]];
    if (isRoot(node)) {
      const found = { nodes: new Set([node.id]), references: new Set(), order: [node.id] };
      for (let step = towards.get(node.id); step; step = towards.get(step.target)) {
        found.references.add(step);
        found.nodes.add(step.target);
        found.order.push(step.target);
      }
      return found;
    }
    for (const reference of node.up) {
      if (towards.has(reference.source) || data.nodes[reference.source].count > 1) continue;
      towards.set(reference.source, reference);
      queue.push(reference.source);
    }
  }
  return null;
}

function paint(found) {
  path = found || { nodes: new Set(), references: new Set() };
}

// The path that the file itself marks.
function paintChain() {
  paint({
    nodes: new Set(data.nodes.filter((node) => node.isOnChain).map((node) => node.id)),
    references: new Set(data.references.filter((reference) => reference.isOnChain)),
  });
}

// The first view: the start objects, the chain that holds them, and one or two levels of what was asked.
function restart() {
  boxes.clear();
  boxOf.clear();
  paintChain();
  let starts = data.nodes.filter((node) => node.isStart);
  if (starts.length === 0) starts = data.nodes.filter((node) => node.count === 1 && node.up.length === 0).slice(0, STEP);
  if (starts.length === 0) starts = data.nodes.slice(0, 1);
  for (const node of starts.slice(0, STEP)) addSingle(node.id, null, null, 0).isKept = true;
  if (starts.length > STEP) addBox('starts', starts.slice(STEP).map((node) => node.id), null, null, 0).isKept = true;
  let level = [...boxes.values()];
  for (let walk = level.slice(); walk.length > 0;) {
    const box = walk.shift();
    for (const reference of box.members.flatMap((id) => data.nodes[id].up)) {
      if (!reference.isOnChain || boxOf.has(reference.source)) continue;
      const next = addSingle(reference.source, box.key, 'up', box.level - 1);
      next.isKept = true;
      walk.push(next);
    }
  }
  if (data.question === 'chain') return;
  for (let depth = 0; depth < 2; depth += 1) {
    const before = new Set(boxes.keys());
    for (const box of level) {
      if (depth === 0 || boxes.size < 30) expand(box, ASKED);
    }
    level = [...boxes.values()].filter((box) => !before.has(box.key));
    if (boxes.size > 30) break;
  }
}
