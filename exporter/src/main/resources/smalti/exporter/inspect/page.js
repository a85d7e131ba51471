document.querySelectorAll('th[data-s]').forEach(function (head) {
  head.addEventListener('click', function () {
    var body = head.closest('table').tBodies[0], at = head.cellIndex, down = head.dataset.s !== 'down';
    head.dataset.s = down ? 'down' : 'up';
    var key = function (row) { var cell = row.cells[at]; return 'v' in cell.dataset ? Number(cell.dataset.v) : cell.textContent; };
    Array.from(body.rows).sort(function (a, b) {
      var x = key(a), y = key(b), order = typeof x === 'number' ? y - x : x.localeCompare(y);
      return down ? order : -order;
    }).forEach(function (row) { body.appendChild(row); });
  });
});
document.querySelectorAll('.tools').forEach(function (tools) {
  var view = tools.nextElementSibling, svg = view.querySelector('svg'), box = svg.viewBox.baseVal, scale = 1;
  var zoom = function (to) {
    var x = (view.scrollLeft + view.clientWidth / 2) / scale, y = (view.scrollTop + view.clientHeight / 2) / scale;
    scale = Math.min(4, Math.max(0.02, to));
    svg.setAttribute('width', box.width * scale);
    svg.setAttribute('height', box.height * scale);
    view.scrollLeft = x * scale - view.clientWidth / 2;
    view.scrollTop = y * scale - view.clientHeight / 2;
  };
  tools.querySelectorAll('button').forEach(function (button) {
    button.addEventListener('click', function () {
      var kind = button.dataset.z;
      zoom(kind === 'in' ? scale * 1.25 : kind === 'out' ? scale / 1.25 : kind === 'wide' ? (view.clientWidth - 4) / box.width
        : kind === 'all' ? Math.min((view.clientWidth - 4) / box.width, (view.clientHeight - 4) / box.height) : 1);
    });
  });
  view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2;
});
document.querySelectorAll('input[type=search]').forEach(function (field) {
  field.addEventListener('input', function () {
    var wanted = field.value.toLowerCase();
    Array.from(document.getElementById(field.dataset.t).tBodies[0].rows).forEach(function (row) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  });
});
