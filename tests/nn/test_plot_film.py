"""BoundaryAnimation: frames while fit trains; a film that needs nobody else."""

import json
import re
import sys

import numpy as np
import pytest

import nn

X, T = nn.data.xor(20)


@pytest.fixture
def pillow():
    pytest.importorskip("matplotlib", reason="needs the extra `plots`")
    return pytest.importorskip("PIL.Image")


def trained(film, epochs=4):
    model = nn.Sequential(nn.Dense(4, "tanh", rng=0), nn.Dense(2, rng=1))
    model.compile("adam", "cross_entropy")
    model.fit(X, T, epochs=epochs, verbose=0, rng=0, callbacks=[film])
    return model


def film(**settings):
    return nn.plot.BoundaryAnimation(X, T, resolution=10, **settings)


def test_frames_are_taken_before_training_and_every_so_often():
    short = film(every=2)
    model = trained(short, epochs=5)
    titles = [title for title, *_ in short.frames]
    assert titles[0] == "before training"
    assert [re.sub(", loss .*", "", t) for t in titles[1:]] == ["epoch 2", "epoch 4"]
    assert all(region.shape == (10, 10) for _, region, _ in short.frames)
    model.fit(X, T, epochs=1, verbose=0, rng=0, callbacks=[short])
    assert short.frames[-1][0].startswith("epoch 6"), "training goes on, and so does the film"


def test_the_last_frame_is_what_the_model_says():
    whole = film()
    model = trained(whole)
    _, region, said = whole.frames[-1]
    np.testing.assert_array_equal(said, model.predict(X).argmax(axis=1))
    (low, high), (down, up) = (
        (x.min() - 0.12 * np.ptp(x), x.max() + 0.12 * np.ptp(x)) for x in X.T
    )
    corners = np.array([[low, down], [high, down], [low, up], [high, up]])
    expected = model.predict(corners).argmax(axis=1)
    assert [region[0, 0], region[0, -1], region[-1, 0], region[-1, -1]] == expected.tolist()


def test_filming_does_not_change_the_training():
    plain, filmed = (trained(callback) for callback in (nn.Callback(), film()))
    for a, b in zip(plain.parameters(), filmed.parameters()):
        np.testing.assert_array_equal(a.data, b.data)


def test_a_gif_has_all_frames(tmp_path, pillow):
    whole = film(names=["꺼짐", "$on"])
    trained(whole)
    path = whole.save(tmp_path / "new" / "film.gif", fps=4)
    with pillow.open(path) as gif:
        assert gif.n_frames == len(whole.frames) == 5
        assert gif.info["duration"] == 250
    assert path.stat().st_size < 500_000


def test_a_page_has_all_frames_and_loads_nothing(tmp_path, pillow):
    whole = film()
    trained(whole)
    whole.frames[1] = ("</script><b>hostile", *whole.frames[1][1:])
    text = whole.save(tmp_path / "film.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["']?(?!data:)\w""", text)
    assert "http" not in text
    assert text.count("</script>") == 1
    data = json.loads(re.search(r"const film = (\{.*\});", text)[1])
    assert data["titles"] == [title for title, *_ in whole.frames]
    assert len(data["pictures"]) == 5
    assert 'max="4"' in text
    ids = [re.search('id="(.*?)"', whole._repr_html_())[1] for _ in range(2)]
    assert ids[0] != ids[1], "two films in one notebook do not share their buttons"


def test_pictures_leave_pyplot_alone(tmp_path, pillow):
    plt = pytest.importorskip("matplotlib.pyplot")
    whole = film()
    trained(whole, 1)
    before = dict(plt.rcParams)
    whole.save(tmp_path / "film.gif")
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_errors(tmp_path, monkeypatch):
    empty = film()
    assert repr(empty) == empty._repr_html_() == "<BoundaryAnimation of 0 frames>"
    with pytest.raises(ValueError, match="no frames yet"):
        empty.save(tmp_path / "film.gif")
    with pytest.raises(ValueError, match=r"film.mp4: .* a .gif or an .html"):
        empty.save(tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="every=0"):
        film(every=0)
    with pytest.raises(ValueError, match="a plane needs"):
        nn.plot.BoundaryAnimation(np.zeros((3, 3)), np.zeros(3))
    trained(empty, 1)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"BoundaryAnimation .*the extra `plots`"):
        empty.save(tmp_path / "film.gif")
    assert not (tmp_path / "film.gif").exists()
