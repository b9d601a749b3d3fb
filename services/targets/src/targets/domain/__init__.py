"""Pure rules of the targets: periods, figures, judging, deadlines, transition tables."""
