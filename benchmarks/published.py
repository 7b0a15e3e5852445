"""Numbers of the paper and of its released code, for the page that sets ours beside them.

Paper: Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025, Law
School: table 1 ("synthetic") and table 2 ("real"). Released: the authors' code at its revision
0f5ed0d, unchanged settings, seed 12, 12,000 (Fair-K) and 16,000 (EXOC) steps. `None`: not known.
"""

#: By method: paper, table 1; paper, table 2; released code (the same in both modes).
ERRORS = {
    "Constant": {"RMSE": (0.938, 0.940, 0.9138), "MAE": (0.759, 0.762, 0.7333)},
    "Full": {"RMSE": (0.862, 0.883, 0.8645), "MAE": (0.689, 0.701, 0.6886)},
    "Unaware": {"RMSE": (0.900, 0.917, 0.8717), "MAE": (None, 0.731, 0.6973)},
    "Fair-K": {"RMSE": (0.894, 0.904, 0.8957), "MAE": (0.718, None, 0.7163)},
    "EXOC": {"RMSE": (0.874, 0.902, 0.8897), "MAE": (0.702, 0.720, 0.7104)},
}

#: Distances by method: (paper, released code).
DISTANCES = {
    "Constant": {"synthetic MMD": (0.0, 0.0), "synthetic Wass": (0.0, 0.633),
                 "real MMD": (0.0, 0.0), "real Wass": (0.0, 0.633)},
    "Full": {"synthetic MMD": (278.9, 28_233), "synthetic Wass": (69.2, 95.3),
             "real MMD": (574.0, 44_375), "real Wass": (82.7, 107.5)},
    "Unaware": {"synthetic MMD": (40.3, 9.2), "synthetic Wass": (10.3, 1.92),
                "real MMD": (48.7, 11_159), "real Wass": (12.4, 58.8)},
    "Fair-K": {"synthetic MMD": (4.31, 1.37), "synthetic Wass": (3.73, 9.53),
               "real MMD": (5.34, 2_398), "real Wass": (3.98, 27.5)},
    "EXOC": {"synthetic MMD": (3.82, 1.35), "synthetic Wass": (3.59, 9.47),
             "real MMD": (4.74, 57_409), "real Wass": (3.88, 136.4)},
}  # fmt: skip

#: Our methods by the names that the tables of the paper give them.
OURS = {
    "Constant": "Constant",
    "Full": "Full",
    "Unaware": "Unaware",
    "Fair-K": "fair_k (K)",
    "EXOC": "exoc (K)",
}
