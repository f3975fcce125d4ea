#!/bin/sh
# report.sh TEST_REPORT - a report in headless Chromium: it loads without errors, its curves react,
# and names with markup are shown as text.  Skipped (77) without Chromium or dygraphs.
set -eu
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] && [ -f /usr/share/javascript/dygraphs/dygraph.min.js ] || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/page.html"

# A reader hovers, zooms by dragging and goes back, hides the bands, the first arm and all seeds,
# asks for the other loss.
cat > "$folder/visitor" <<'END'
<script>
window.setTimeout(function () {
  var said = [], boxes = document.querySelectorAll('#controls input');
  function ink() {
    var c = document.querySelector('#chart canvas'), n = 0;
    var bytes = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    for (var i = 3; i < bytes.length; i += 4) n += bytes[i] > 0;
    return n;
  }
  said.push('boxes=' + boxes.length);
  var chart = document.getElementById('chart'), canvas = chart.querySelectorAll('canvas')[1];
  var place = canvas.getBoundingClientRect();
  function mouse(kind, part) {
    canvas.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true, view: window, detail: kind === 'dblclick' ? 2 : 1,
      clientX: place.left + part * place.width, clientY: place.top + place.height / 2 }));
  }
  function ticks() {
    return Array.prototype.map.call(chart.querySelectorAll('.dygraph-axis-label-x'), function (l) { return l.textContent; }).join();
  }
  mouse('mousemove', 0.6);
  said.push('hover=' + / tokens.*mha 3\./.test(document.getElementById('values').textContent));
  var before = ticks();
  mouse('mousedown', 0.5), mouse('mousemove', 0.6), mouse('mousemove', 0.7), mouse('mouseup', 0.7);
  var zoomed = ticks();
  mouse('mousedown', 0.5), mouse('mouseup', 0.5), mouse('dblclick', 0.5);
  said.push('zoom=' + (zoomed !== before), 'back=' + (ticks() === before));
  var banded = ink();
  boxes[boxes.length - 1].click();
  said.push('bands=' + (banded > ink()));
  var all = ink();
  boxes[0].click();
  var fewer = ink();
  boxes[boxes.length - 2].click();
  said.push('reacts=' + (all > fewer && fewer > ink()));
  var select = document.querySelector('#controls select');
  select.selectedIndex = 1;
  select.onchange();
  said.push('kind=' + document.getElementById('chart').dataset.kind);
  said.push('title=' + (document.title.indexOf('study <') < 0 ? 'owned' : 'kept'));
  said.push('scripts=' + document.querySelectorAll('script').length);
  document.documentElement.dataset.said = said.join(' ');
}, 300);
</script>
END
sed -i "/<\/body>/{
r $folder/visitor
}" "$folder/page.html"
"$browser" --headless=new --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
    --enable-logging=stderr --window-size=1200,2000 --virtual-time-budget=3000 \
    --dump-dom "file://$folder/page.html" > "$folder/dom" 2> "$folder/log" || {
    echo "report.sh: the browser does not run here"
    exit 77
}
said=$(sed -n 's/.*data-said="\([^"]*\)".*/\1/p' "$folder/dom" | head -n 1)
echo "$said"
if grep 'CONSOLE' "$folder/log" | grep -v willReadFrequently; then exit 1; fi # the visitor's own
[ "$said" = 'boxes=5 hover=true zoom=true back=true bands=true reacts=true kind=training loss title=kept scripts=4' ]
