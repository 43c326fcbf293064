"""The page of modules: what a module says of itself, in one sentence, folder by folder."""

import pytest

from campaign.modules import modules, purpose


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""One line."""', "One line."),
        ('"""A sentence that goes\non. And another.\n\nOne rule: none."""', "A sentence that goes on."),
        ("x = 1", ""),
    ],
)
def test_the_first_sentence_is_said(tmp_path, text, said):
    path = tmp_path / "module.py"
    path.write_text(text)
    assert purpose(path) == said


def test_every_folder_with_modules_is_listed_with_them(tmp_path):
    for folder in ("model", "impl/core", "invariants", "traces", "campaign", "tests/bench", "tests/bench/held_out"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").write_text('"""A folder."""')
        (tmp_path / folder / "one.py").write_text(f'"""What is in {folder}."""')
    lines = list(modules(tmp_path))
    assert [line for line in lines if line.startswith("## ")] == [
        "## campaign",
        "## impl/core",
        "## invariants",
        "## model",
        "## traces",
        "## tests/bench",
    ]
    assert "- `one`: What is in impl/core." in lines
    assert len([line for line in lines if line.startswith("- ")]) == 6
