"""The browser itself: without these the other tests of this folder would prove nothing."""


def test_scripts_run_and_films_play(page):
    page.set_content("<p id=p>before</p><script>p.textContent = 'after'</script>")
    assert page.inner_text("#p") == "after"
    said = page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.640028\"')")
    assert said == "probably"
