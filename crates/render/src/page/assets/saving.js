// What is shown as SVG, PNG and DOT, in the light colours, as a file.

function save(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const PAINTED = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'paint-order', 'font-family', 'font-size', 'font-weight', 'text-anchor'];

function svgText() {
  const width = Math.ceil(scene.width + 60);
  const height = Math.ceil(scene.height + 70);
  const world = document.getElementById('world');
  const copy = world.cloneNode(true);
  document.documentElement.dataset.theme = 'light';
  const originals = world.querySelectorAll('path, rect, text');
  copy.querySelectorAll('path, rect, text').forEach((element, at) => {
    const style = getComputedStyle(originals[at]);
    for (const name of PAINTED) element.setAttribute(name, style.getPropertyValue(name));
  });
  delete document.documentElement.dataset.theme;
  copy.querySelectorAll('.handle, .halo').forEach((element) => element.remove());
  copy.querySelectorAll('[tabindex], [role]').forEach((element) => ['tabindex', 'role', 'data-key'].forEach((name) => element.removeAttribute(name)));
  copy.setAttribute('transform', 'translate(30 35)');
  copy.removeAttribute('id');
  const svg = make('svg', { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  make('title', {}, data.title, svg);
  make('rect', { width, height, fill: '#ffffff' }, null, svg);
  svg.append(copy);
  return { text: new XMLSerializer().serializeToString(svg), width, height };
}

function saveSvg() {
  save('refroots.svg', new Blob([svgText().text], { type: 'image/svg+xml' }));
}

// Twice the size, for screens with fine pixels, as far as browsers draw.
function savePng() {
  const { text, width, height } = svgText();
  const scale = Math.min(2, 16000 / width, 16000 / height, Math.sqrt(6e7 / (width * height)));
  const image = new Image();
  const url = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  image.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    canvas.toBlob((blob) => (blob ? save('refroots.png', blob) : tell('The picture is too large for a PNG; SVG has no limit')), 'image/png');
  };
  image.onerror = () => tell('The browser could not draw the PNG; try SVG');
  image.src = url;
}

const quoted = (lines) => `"${lines.map((line) => line.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/&/g, '&amp;')).join('\\n')}"`;
const SHAPES = { module: 'tab', frame: 'component', interpreter: 'octagon', static: 'octagon', external: 'hexagon' };

function dotText() {
  const out = ['digraph refroots {', `  label=${quoted([data.title])};`, '  node [shape=box, fontname="DejaVu Sans"];'];
  for (const { box, lines } of scene.shapes.values()) {
    const shape = SHAPES[nodeOf(box).kind] || 'box';
    const width = box.members.some((id) => path.nodes.has(id)) ? ', penwidth=3' : '';
    out.push(`  ${box.key} [label=${quoted(lines.map((line) => line.words))}, shape=${shape}${width}];`);
  }
  for (const arrow of scene.lines) {
    out.push(`  ${arrow.source} -> ${arrow.target} [label=${quoted([arrow.label])}${arrow.isOnPath ? ', penwidth=3' : ''}];`);
  }
  return `${out.join('\n')}\n}\n`;
}

function saveDot() {
  save('refroots.dot', new Blob([dotText()], { type: 'text/vnd.graphviz' }));
}
