(function () {
  var box = document.getElementById('table')
  var pause = Number(box.dataset.seconds) * 1000
  function refresh () {
    fetch('/table' + location.search)
      .then(function (reply) { return reply.ok ? reply.text() : Promise.reject(new Error(reply.status)) })
      .then(function (html) { box.innerHTML = html })
      .catch(function () { /* the table of before stays */ })
      .then(function () { setTimeout(refresh, pause) })
  }
  setTimeout(refresh, pause)
})()
