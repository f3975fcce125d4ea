// page.js - the curves of a report: the mean of each arm in bold, single seeds thin; drag to zoom,
// double-click to reset, hover to read values.  Names come from JSON and are added as text only.
// Colour, dash and point of an arm are those of the figures (chart.h).
(function () {
  'use strict';
  window.addEventListener('beforeprint', function () { // nothing can be opened on paper
    document.querySelectorAll('details').forEach(function (d) { d.open = true; });
  });
  var data = JSON.parse(document.getElementById('curves').textContent);
  var chart = document.getElementById('chart'), values = document.getElementById('values');
  if (!data.kinds.length || typeof Dygraph === 'undefined') return;
  document.documentElement.classList.remove('no-script');
  var shown = data.arms.map(function () { return true; }), seeds = true, bands = data.arms.length <= 4, kind = data.kinds[0], plot = null, half = {};

  var DASHES = [null, [12, 6], [3, 5], [12, 5, 3, 5], [6, 4], [12, 4, 3, 4, 3, 4]];
  // Corners and turn of each kind of point; the second half of the kinds is hollow.
  var POINTS = [[40, 0], [4, 0.25], [3, 0], [3, 0.5], [4, 0], [5, 0]];
  var labels = [];

  function point(c, x, y, arm, radius) {
    var kind = POINTS[arm.point % POINTS.length], i, angle;
    c.save();
    c.setLineDash([]);
    c.beginPath();
    for (i = 0; i < kind[0]; i++) {
      angle = 2 * Math.PI * (i / kind[0] + kind[1] / kind[0] * 2) - Math.PI / 2;
      c.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    c.closePath();
    c.fillStyle = arm.point < POINTS.length ? arm.colour : '#fff';
    c.strokeStyle = arm.colour;
    c.lineWidth = 1.3;
    c.fill();
    c.stroke();
    c.restore();
  }

  function swatch(arm, parent) {
    var e = document.createElement('canvas'), scale = 2, c = e.getContext('2d');
    e.className = 'swatch';
    e.width = 30 * scale, e.height = 12 * scale;
    c.scale(scale, scale);
    c.strokeStyle = arm.colour;
    c.lineWidth = 2;
    c.setLineDash(DASHES[arm.dash] || []);
    c.beginPath();
    c.moveTo(0, 6), c.lineTo(30, 6);
    c.stroke();
    point(c, 15, 6, arm, 3.6);
    parent.appendChild(e);
  }

  function text(tag, content, parent) {
    var e = document.createElement(tag);
    e.textContent = content;
    parent.appendChild(e);
    return e;
  }

  // Column 0 is the tokens; then, for each arm, its mean and its runs.
  function columns() {
    var list = [];
    data.arms.forEach(function (arm, a) {
      list.push({ arm: a, run: -1, label: 'm' + a });
      kind.runs[a].forEach(function (run, r) { list.push({ arm: a, run: r, label: 'r' + a + '_' + r }); });
    });
    return list;
  }

  function rows(list) {
    var at = {};
    kind.runs.forEach(function (runs) {
      runs.forEach(function (run) { run.points.forEach(function (p) { at[p[0]] = true; }); });
    });
    var xs = Object.keys(at).map(Number).sort(function (a, b) { return a - b; });
    var index = {};
    xs.forEach(function (x, i) { index[x] = i; });
    var out = xs.map(function (x) { return [x].concat(list.map(function () { return null; })); });
    list.forEach(function (c, k) {
      if (c.run < 0) return;
      kind.runs[c.arm][c.run].points.forEach(function (p) { out[index[p[0]]][k + 1] = p[1]; });
    });
    list.forEach(function (c, k) {
      if (c.run >= 0) return;
      var own = [], t = data.arms[c.arm].t, spread = half[c.label] = {};
      list.forEach(function (d, j) {
        if (d.arm === c.arm && d.run >= 0 && kind.runs[d.arm][d.run].done) own.push(j + 1);
      });
      out.forEach(function (row, i) {
        var sum = 0, squares = 0, n = own.length;
        var whole = own.length > 0 && own.every(function (j) { sum += row[j]; return row[j] !== null; });
        if (!whole) return;
        row[k + 1] = sum / n;
        own.forEach(function (j) { squares += Math.pow(row[j] - sum / n, 2); });
        if (n > 1) spread[row[0]] = t * Math.sqrt(squares / (n - 1) / n);
      });
    });
    return out;
  }

  function visible(list) {
    return list.map(function (c) { return shown[c.arm] && (c.run < 0 || seeds); });
  }

  function digits(x) {
    return x >= 100 ? x.toFixed(1) : x.toFixed(4);
  }

  function million(x) {
    return x >= 1e9 ? +(x / 1e9).toPrecision(4) + ' B' : x >= 1e6 ? +(x / 1e6).toPrecision(4) + ' M' : x >= 1e3 ? +(x / 1e3).toPrecision(4) + ' k' : String(x);
  }

  // Draw a mean as a line over the band of its t-interval.
  function meanPlotter(e) {
    var c = e.drawingContext, of = half[e.setName];
    var own = e.points.filter(function (p) { return p.yval !== null && !isNaN(p.yval) && of[p.xval] !== undefined; });
    if (bands && own.length > 1) {
      c.save();
      c.globalAlpha = 0.16;
      c.fillStyle = e.color;
      c.beginPath();
      own.forEach(function (p) { c.lineTo(p.canvasx, e.dygraph.toDomYCoord(p.yval + of[p.xval])); });
      own.reverse().forEach(function (p) { c.lineTo(p.canvasx, e.dygraph.toDomYCoord(p.yval - of[p.xval])); });
      c.fill();
      c.restore();
    }
    Dygraph.Plotters.linePlotter(e);
  }

  function draw() {
    var list = columns(), table = rows(list), series = {}, every = Math.ceil(table.length / 12);
    list.forEach(function (c) {
      series[c.label] = { color: data.arms[c.arm].colour, strokeWidth: c.run < 0 ? 2.2 : 0.7 };
      if (DASHES[data.arms[c.arm].dash]) series[c.label].strokePattern = DASHES[data.arms[c.arm].dash];
      if (c.run >= 0) return;
      series[c.label].plotter = meanPlotter;
      series[c.label].drawPoints = true;
      series[c.label].drawPointCallback = function (g, name, context, x, y, colour, radius, i) {
        if (i % every === 0) point(context, x, y, data.arms[c.arm], 3.6);
      };
    });
    // The steep start would flatten the rest, so fit the axis to what comes after the first tenth.
    var last = table[table.length - 1][0], low = Infinity, high = -Infinity;
    table.forEach(function (row) {
      if (row[0] < 0.1 * last) return;
      row.slice(1).forEach(function (y) { if (y !== null) { low = Math.min(low, y); high = Math.max(high, y); } });
    });
    if (!(high >= low)) low = 0, high = 1;
    var pad = 0.04 * (high - low) || 0.1;
    if (plot) plot.destroy();
    plot = new Dygraph(chart, table, {
      labels: ['tokens'].concat(list.map(function (c) { return c.label; })),
      series: series, visibility: visible(list), connectSeparatedPoints: true, legend: 'never',
      valueRange: [low - pad, high + pad], gridLineColor: '#e4e4e4', axisLineColor: '#888', axisLabelFontSize: 12,
      axes: { x: { axisLabelFormatter: million, pixelsPerLabel: 70 }, y: { axisLabelWidth: 55 } },
      highlightCircleSize: 3,
      highlightCallback: function (event, x, points) {
        values.textContent = 'means at ' + million(x) + ' tokens';
        labels.forEach(function (label) { label.textContent = ''; });
        points.forEach(function (p) {
          if (p.name[0] === 'm' && p.yval !== null && !isNaN(p.yval)) labels[+p.name.slice(1)].textContent = digits(p.yval);
        });
      },
      unhighlightCallback: atEnd,
    });
    function atEnd() {
      values.textContent = 'means at the end of training';
      labels.forEach(function (label, a) {
        var column = list.findIndex(function (c) { return c.arm === a && c.run < 0; }) + 1;
        var own = table.filter(function (row) { return row[column] !== null; });
        label.textContent = own.length ? digits(own[own.length - 1][column]) : 'no mean';
      });
    }
    atEnd();
    chart.dataset.kind = kind.name;
    chart.setAttribute('role', 'img');
    chart.setAttribute('aria-label', kind.name + ' against tokens, by arm; the tables have the numbers');
  }

  function refresh() {
    visible(columns()).forEach(function (on, k) { plot.setVisibility(k, on); });
  }

  var bar = document.getElementById('controls');
  if (data.kinds.length > 1) {
    var select = document.createElement('select');
    select.setAttribute('aria-label', 'Which loss');
    data.kinds.forEach(function (k) { text('option', k.name, select); });
    select.onchange = function () { kind = data.kinds[select.selectedIndex]; draw(); };
    bar.appendChild(select);
  }
  function box(name, arm, on, change) {
    var label = document.createElement('label'), input = document.createElement('input');
    input.type = 'checkbox';
    input.checked = on;
    input.onchange = function () { change(input.checked); refresh(); };
    label.appendChild(input);
    if (arm) swatch(arm, label);
    text('span', name, label);
    if (arm) labels.push(text('b', '', label));
    bar.appendChild(label);
  }
  data.arms.forEach(function (arm, a) { box(arm.name, arm, true, function (on) { shown[a] = on; }); });
  box('single seeds', null, true, function (on) { seeds = on; });
  box('95 % bands', null, bands, function (on) { bands = on; });
  var whole = text('button', 'show the start', bar);
  whole.onclick = function () { plot.updateOptions({ valueRange: null, dateWindow: null }); };
  draw();
}());
