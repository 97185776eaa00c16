// The side panel, the line that is read out, and the search.

const panel = document.getElementById('panel');
const status = document.getElementById('status');
const LISTED = 50;

function tell(words) {
  status.textContent = words;
}

function html(name, attributes, words, parent) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (words !== undefined && words !== null) element.textContent = words;
  if (parent) parent.append(element);
  return element;
}

function fact(list, term, words) {
  if (words === null || words === '' || words === undefined) return;
  html('dt', {}, term, list);
  html('dd', {}, words, list);
}

function inHeap(count, shown, one) {
  if (count === null) return counted(shown, one);
  return count > shown ? `${counted(count, 'reference')}, from ${counted(shown, 'object')} here` : counted(count, 'reference');
}

function others(id, way) {
  const found = new Map();
  for (const reference of data.nodes[id][way]) {
    const other = far(reference, way);
    found.set(other, [...(found.get(other) || []), reference]);
  }
  return found;
}

function listOthers(id, way, title) {
  const found = others(id, way);
  if (found.size === 0) return;
  html('h3', {}, `${title} (${grouped([...found.keys()].reduce((sum, other) => sum + data.nodes[other].count, 0))})`, panel);
  const list = html('ul', {}, null, panel);
  for (const [other, references] of [...found].slice(0, LISTED)) {
    const node = data.nodes[other];
    const names = references.map((reference) => [reference.name, reference.note && `(${reference.note})`].filter(Boolean).join(' ')).filter(Boolean).join(', ');
    const item = html('li', {}, null, list);
    const many = node.count > 1 ? `${grouped(node.count)} × ${node.type}, not in this file each` : `${node.type} #${node.ordinal}`;
    const words = [names, many, node.text].filter(Boolean).join('  ');
    html('button', { 'data-reveal': other }, words, item);
  }
  if (found.size > LISTED) html('p', {}, `and ${grouped(found.size - LISTED)} more`, panel);
}

function showPanel(box) {
  panel.replaceChildren();
  if (!box) return;
  const node = nodeOf(box);
  html('h2', {}, nameOf(box), panel);
  const facts = html('dl', {}, null, panel);
  const acts = html('div', { class: 'acts' }, null, panel);
  const act = (name, words) => html('button', { 'data-act': name }, words, acts);
  const isOpen = (way) => below(box, way).some((other) => !other.isKept);
  for (const [way, what] of [['up', 'referrers'], ['down', 'referents']]) {
    if (hiddenCount(box, way) > 0) act(way, `Show ${what}`);
    else if (isOpen(way)) act(way, `Hide ${what}`);
  }
  if (isSingle(box)) {
    fact(facts, 'type', node.full);
    fact(facts, 'ordinal', `#${node.ordinal}`);
    fact(facts, 'address', node.address && `0x${node.address}`);
    fact(facts, 'says', node.text);
    fact(facts, 'size', counted(node.size, 'byte'));
    fact(facts, 'retained', node.retained === null ? null : counted(node.retained, 'byte'));
    fact(facts, 'root', node.root);
    fact(facts, 'held by', inHeap(node.toIt, others(node.id, 'up').size, 'referrer'));
    fact(facts, 'holds', inHeap(node.fromIt, others(node.id, 'down').size, 'referent').replace('from', 'to'));
    fact(facts, 'functions', node.functions ? `${grouped(node.functions)} by __globals__, not shown` : null);
    fact(facts, 'left out', node.leftOut ? counted(node.leftOut, 'neighbour') : null);
    act('path', 'Path to a root');
    if (box.from && !box.isKept) act('fold', 'Fold those alike');
    listOthers(node.id, 'up', 'Referrers');
    listOthers(node.id, 'down', 'Referents');
    return;
  }
  const here = box.members.filter((id) => data.nodes[id].count === 1).length;
  fact(facts, 'objects', grouped(countOf(box)));
  fact(facts, 'in this file', grouped(here));
  fact(facts, 'sizes', counted(box.members.reduce((sum, id) => sum + data.nodes[id].size, 0), 'byte'));
  if (here > 0) act('unfold', here > STEP ? `Unfold ${STEP} of them` : 'Unfold');
  const types = new Map();
  for (const id of box.members) types.set(data.nodes[id].full, (types.get(data.nodes[id].full) || 0) + data.nodes[id].count);
  html('h3', {}, 'Types', panel);
  const list = html('ul', {}, null, panel);
  for (const [type, count] of [...types].sort((a, b) => b[1] - a[1]).slice(0, LISTED)) html('li', {}, `${grouped(count)} × ${type}`, list);
}

const search = document.getElementById('search');
const found = document.getElementById('found');
const FOUND = 40;

// What an address is in the file, from `hex(id(object))` or `id(object)`; null for other words.
function asAddress(words) {
  const wanted = words.trim().toLowerCase();
  return /^(0x[0-9a-f]+|\d{6,})$/.test(wanted) ? BigInt(wanted).toString(16) : null;
}

// Objects whose type, text, root or the name of a reference to them has the words; `#12` is an ordinal.
function find(words) {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const ordinal = /^#\d+$/.test(wanted) ? Number(wanted.slice(1)) : null;
  const address = asAddress(words);
  const rank = (node) => {
    if (node.count > 1) return 9;
    if (address !== null && node.address === address) return 0;
    if (ordinal !== null) return node.ordinal === ordinal ? 0 : 9;
    if (node.type.toLowerCase() === wanted || node.text.toLowerCase() === wanted) return 0;
    if (node.full.toLowerCase().includes(wanted)) return 1;
    if (node.text.toLowerCase().includes(wanted) || node.root.toLowerCase().includes(wanted)) return 2;
    return node.up.some((reference) => reference.name.toLowerCase().includes(wanted)) ? 3 : 9;
  };
  const ranked = data.nodes.map((node) => [rank(node), node]).filter(([at]) => at < 9);
  return ranked.sort((a, b) => a[0] - b[0] || a[1].id - b[1].id).map(([, node]) => node);
}

function listFound() {
  const nodes = find(search.value);
  found.replaceChildren();
  const isAsked = search.value.trim() !== '';
  found.hidden = nodes.length === 0;
  search.setAttribute('aria-expanded', String(!found.hidden));
  search.removeAttribute('aria-activedescendant');
  nodes.slice(0, FOUND).forEach((node, at) => {
    const name = node.up.map((reference) => reference.name).find(Boolean);
    const words = [`${node.type} #${node.ordinal}`, node.text, name && `(${name})`].filter(Boolean).join('  ');
    html('li', { role: 'option', id: `found-${at}`, 'data-reveal': node.id, 'aria-selected': String(at === 0) }, words, found);
  });
  if (nodes.length > 0) search.setAttribute('aria-activedescendant', 'found-0');
  if (nodes.length === 0 && !data.hasAddresses && asAddress(search.value) !== null) tell('This file says no addresses: --addresses or addresses=True makes one that does');
  else if (isAsked) tell(nodes.length > FOUND ? `${grouped(nodes.length)} objects found, the first ${FOUND} are listed` : `${counted(nodes.length, 'object')} found`);
}

function closeFound() {
  found.hidden = true;
  search.setAttribute('aria-expanded', 'false');
}

// Moves the mark among what was found.
function stepFound(by) {
  const options = [...found.children];
  const at = options.findIndex((option) => option.getAttribute('aria-selected') === 'true');
  const next = options[Math.min(Math.max(at + by, 0), options.length - 1)];
  if (!next) return;
  options.forEach((option) => option.setAttribute('aria-selected', String(option === next)));
  search.setAttribute('aria-activedescendant', next.id);
  next.scrollIntoView({ block: 'nearest' });
}
