"""The gallery is what its traces and stories say: pages made anew are the pages that are there, and every saved trace
fails on its variant, with its last action, and passes on the model."""

from dataclasses import replace
from pathlib import Path

import pytest

from campaign import gallery
from campaign.gallery import PAGES, STORIES, called, find, generate, page, saved, stands
from model.models import MODELS
from traces.reader import read

by_variant = pytest.mark.parametrize("story", STORIES, ids=called)


def test_every_variant_has_a_story_and_every_story_a_trace():
    for model in ("replication", "survival", "quorum", "quorum-pre-vote", "quorum-voters"):
        told = [story.variant for story in STORIES if story.model == model]
        assert told == [variant.id for variant in MODELS[model].variants]
    assert [story.variant for story in STORIES if not saved(story).exists()] == []


@by_variant
def test_a_saved_trace_fails_on_its_variant_and_passes_on_the_model(story):
    trace = read(saved(story))
    assert (trace.header.model, trace.header.variant) == (story.model, story.variant)
    assert stands(trace)


@by_variant
def test_a_trace_that_does_not_reach_its_violation_is_not_taken(story):
    trace = read(saved(story))
    assert not stands(replace(trace, lines=trace.lines[:-1]))


def test_pages_and_drawings_are_those_that_are_made_now(tmp_path):
    """A stale page: run `python -m campaign.gallery`."""
    made = {path.name: path.read_bytes() for path in generate(tmp_path)}
    assert sorted(made) == sorted(path.name for path in PAGES.iterdir())
    assert [name for name, content in made.items() if (PAGES / name).read_bytes() != content] == []


def test_a_changed_story_makes_another_page():
    story = STORIES[0]
    trace = read(saved(story))
    assert page(replace(story, believed="Otherwise."), trace) != page(story, trace)


@pytest.mark.parametrize("variant", ["commit-before-isr", "expand-unchecked"])
def test_a_missing_trace_is_found_again(variant):
    (story,) = [each for each in STORIES if each.variant == variant]
    trace = find(story)
    assert trace is not None
    assert stands(trace)
    assert len(trace.lines) == len(read(saved(story)).lines)


def test_a_variant_that_survives_its_space_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "SAVED", tmp_path)
    (kip_279,) = [each for each in STORIES if each.variant == "kip-279"]
    too_small = replace(kip_279, search=(2, 1, 1, 1))
    assert gallery.find_missing([too_small]) == ["kip-279"]
    assert list(Path(tmp_path).iterdir()) == []
