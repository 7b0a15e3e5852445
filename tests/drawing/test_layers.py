import random
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from causaldsl.drawing.ordering import count_crossings, order_rows
from causaldsl.drawing.placement import place_rows, settle
from causaldsl.drawing.ranking import assign_ranks, fold_wide_rows, stack_sources
from causaldsl.drawing.shapes import cubic, flattened, height_at, meeting_point, outline


def random_edges(seed, size=12):
    chance = random.Random(seed)
    return [(i, j, 1) for i in range(size) for j in range(i + 1, size) if chance.random() < 0.25]


@pytest.mark.parametrize("seed", range(20))
def test_every_edge_points_down(seed):
    edges = random_edges(seed)
    ranks = assign_ranks(12, edges)
    assert all(ranks[head] - ranks[tail] >= least for tail, head, least in edges)
    assert min(ranks) == 0


def test_a_cause_stands_right_above_what_it_causes():
    # 0 -> 1 -> 2 -> 3, and 4 -> 3: the second cause has no reason to stand on top.
    assert assign_ranks(5, [(0, 1, 1), (1, 2, 1), (2, 3, 1), (4, 3, 1)]) == [0, 1, 2, 3, 2]


def test_groups_move_together_where_no_single_node_would():
    # 4 has three effects, two of them low: it goes down with the third and what hangs on that.
    edges = [(0, 1, 1), (0, 2, 1), (1, 2, 1), (1, 3, 1), (0, 3, 1), (0, 5, 1), (5, 6, 1)]
    edges += [(4, 2, 1), (4, 3, 1), (4, 5, 1)]
    ranks = assign_ranks(7, edges)
    assert ranks[4] == ranks[1]
    assert ranks[5] == ranks[2]


def test_a_wanted_row_between_two_nodes_is_kept():
    assert assign_ranks(2, [(0, 1, 2)]) == [0, 2]


def test_a_wide_row_of_effects_is_folded():
    edges = [(0, node, 1) for node in range(1, 9)]
    ranks = fold_wide_rows(assign_ranks(9, edges), edges, [200.0] * 9, 1000)
    assert sorted(ranks) == [0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_a_wide_row_of_causes_is_folded_upwards():
    edges = [(node, 8, 1) for node in range(8)]
    ranks = fold_wide_rows(assign_ranks(9, edges), edges, [200.0] * 9, 1000)
    assert sorted(ranks) == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert ranks[8] == 2


def test_shared_causes_are_stacked_above_their_row():
    edges = [(node, 5, 1) for node in range(5)]
    ranks = stack_sources(assign_ranks(6, edges), edges, [100.0] * 6, {1, 2, 3, 4}, 250)
    assert ranks == [1, 0, 0, 1, 1, 2]


def brute_crossings(rows, down):
    place = {item: index for row in rows for index, item in enumerate(row)}
    total = 0
    for row in rows:
        edges = [(place[a], place[b]) for a in row for b in down[a]]
        total += sum(
            (a - c) * (b - d) < 0 for i, (a, b) in enumerate(edges) for c, d in edges[i + 1 :]
        )
    return total


def random_rows(seed):
    chance = random.Random(seed)
    rows, down, up = [], [], []
    for _ in range(4):
        start = len(down)
        rows.append(list(range(start, start + chance.randint(2, 6))))
        down += [[] for _ in rows[-1]]
        up += [[] for _ in rows[-1]]
    for upper, lower in pairwise(rows):
        for a in upper:
            for b in lower:
                if chance.random() < 0.35:
                    down[a].append(b)
                    up[b].append(a)
    return rows, up, down


@pytest.mark.parametrize("seed", range(20))
def test_crossings_are_counted_right(seed):
    rows, _, down = random_rows(seed)
    assert count_crossings(rows, down) == brute_crossings(rows, down)


@pytest.mark.parametrize("seed", range(20))
def test_ordering_keeps_the_rows_and_never_adds_crossings(seed):
    rows, up, down = random_rows(seed)
    ordered = order_rows(rows, up, down)
    assert [sorted(row) for row in ordered] == rows
    assert count_crossings(ordered, down) <= count_crossings(rows, down)


def test_a_tangle_that_can_be_undone_is_undone():
    rows = [[0, 1, 2], [3, 4, 5]]
    down = [[5], [4], [3], [], [], []]
    up = [[], [], [], [2], [1], [0]]
    assert count_crossings(order_rows(rows, up, down), down) == 0


@pytest.mark.parametrize("seed", range(15))
def test_settling_minimises_squared_distance(seed):
    draw = np.random.default_rng(seed)
    size = 6
    desired, weights = draw.normal(0, 20, size), draw.uniform(0.5, 4, size)
    gaps = draw.uniform(1, 10, size - 1)
    found = np.array(settle(list(desired), list(weights), list(gaps)))
    assert (np.diff(found) >= gaps - 1e-9).all()

    def cost(x):
        return float((weights * (x - desired) ** 2).sum())

    start = np.cumsum([0.0, *gaps])
    rules = [{"type": "ineq", "fun": lambda x, i=i: x[i + 1] - x[i] - gaps[i]} for i in range(5)]
    best = minimize(cost, start, constraints=rules, method="SLSQP", options={"ftol": 1e-12})
    assert cost(found) <= best.fun + 1e-5


def test_settling_nothing_gives_nothing():
    assert settle([], [], []) == []


def test_items_of_a_row_keep_their_distance():
    rows = [[0, 1], [2, 3, 4]]
    links = [[(3, 1.0)], [(3, 1.0)], [], [(0, 1.0), (1, 1.0)], []]
    x = place_rows(rows, [40.0] * 5, links, [False] * 5)
    assert x[1] - x[0] >= 68 - 1e-6
    assert x[3] - x[2] >= 68 - 1e-6
    assert abs((x[0] + x[1]) / 2 - x[3]) < 1


def test_bends_of_a_long_arrow_stand_below_one_another():
    rows = [[0], [1, 2], [3, 4], [5]]
    links = [[] for _ in range(6)]
    for a, b, weight in [(0, 2, 2.0), (2, 4, 8.0), (4, 5, 2.0), (0, 1, 1.0), (1, 3, 1.0)]:
        links[a].append((b, weight))
        links[b].append((a, weight))
    bends = [False, False, True, False, True, False]
    x = place_rows(rows, [60.0, 60, 0, 90, 0, 60], links, bends, [(2, 4)])
    assert abs(x[2] - x[4]) < 0.001


SHAPES = ["box", "hexagon", "stadium", "ellipse", "parallelogram", "trapezoid", "bar"]


@pytest.mark.parametrize("shape", SHAPES)
def test_outlines_fill_their_box(shape):
    points = flattened(outline(shape, (10.0, 20.0), 80, 40))
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    assert (min(xs), max(xs)) == pytest.approx((-30, 50), abs=0.2)
    assert (min(ys), max(ys)) == pytest.approx((0, 40), abs=0.2)


@pytest.mark.parametrize("shape", SHAPES)
def test_upright_lines_leave_a_shape_at_top_and_bottom(shape):
    polygon = flattened(outline(shape, (0.0, 0.0), 80, 40))
    assert height_at(polygon, 0, -1) == pytest.approx(-20, abs=0.3)
    assert height_at(polygon, 0, 1) == pytest.approx(20, abs=0.3)


def test_lines_from_outside_meet_the_outline():
    polygon = flattened(outline("bar", (0.0, 0.0), 80, 40))
    assert meeting_point(polygon, (0, 0), (80, 20)) == pytest.approx((40, 10))
    assert meeting_point(polygon, (0, 0), (10, 5)) == (10, 5)


def test_a_cubic_starts_and_ends_at_its_ends():
    points = [(0, 0), (1, 5), (4, 5), (6, 1)]
    assert cubic(points, 0) == (0, 0)
    assert cubic(points, 1) == (6, 1)
