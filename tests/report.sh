#!/bin/sh
# report.sh TEST_REPORT - a report in headless Chromium: it loads without errors, its curves react,
# and names with markup are shown as text.  Neither a phone nor a wide window scrolls it sideways, however
# many arms there are; it follows the reader's dark setting.  Skipped (77) without Chromium or dygraphs.
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
  said.push('hover=' + (/at .* tokens/.test(document.getElementById('values').textContent) &&
    /mha3\./.test(document.getElementById('controls').textContent)));
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

# look WIDTH FLAGS...: the page of 30 arms in a frame so wide: what sticks out, its height, its colour.
"$1" "$folder/many.html" 30
look() {
    cat > "$folder/frame.html" <<END
<!DOCTYPE html><body><iframe src="many.html" style="border:0;width:${1}px;height:900px"></iframe><script>
function look() {
  var page = document.querySelector('iframe').contentDocument, out = [];
  if (!page || page.readyState !== 'complete' || !page.querySelector('#controls b')) return window.setTimeout(look, 50);
  var canvas = page.querySelectorAll('#chart canvas')[1], place = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: place.left + place.width / 2, clientY: place.top + 50 }));
  page.querySelectorAll('body *').forEach(function (e) {
    if (!e.closest('.scroll, details, script') && e.getBoundingClientRect().right > $1) out.push(e.tagName + '.' + e.className);
  });
  document.body.dataset.said = 'out=' + out.slice(0, 3).join() + ' values=' + page.querySelectorAll('#controls b').length +
    ' short=' + (page.documentElement.scrollHeight < 12000) + ' lead=' + page.querySelectorAll('.lead').length +
    ' narrow=' + (page.querySelector('.narrow').offsetHeight > 0) + ' paper=' + page.defaultView.getComputedStyle(page.body).backgroundColor;
}
look();
</script></body>
END
    shift
    "$browser" --headless=new --no-sandbox --disable-gpu --allow-file-access-from-files --user-data-dir="$folder/profile" "$@" \
        --window-size=1700,1000 --virtual-time-budget=20000 --dump-dom "file://$folder/frame.html" 2>/dev/null |
        sed -n 's/.*data-said="\([^"]*\)".*/\1/p' | head -n 1
}
dark=--blink-settings=preferredColorScheme=0
for try in '360 true 255, 255, 255' '800 false 255, 255, 255' '1280 false 255, 255, 255' '1600 false 18, 18, 18'; do
    width=${try%% *} rest=${try#* }
    case $rest in *18) seen=$(look "$width" $dark) ;; *) seen=$(look "$width") ;; esac
    echo "$width: $seen"
    [ "$seen" = "out= values=30 short=true lead=1 narrow=${rest%% *} paper=rgb(${rest#* })" ]
done
