"""Why each of the eight steps is taken, as the user is told."""

PRECOMPUTE = (
    "The body is frozen, so what it makes of a picture never changes: it is computed once and stored. "
    "Augmentation is on, and takes effect from step 4."
)
FIND = (
    "Tries rising rates on mini-batches, on stored activations of the plain view, and undoes them: the rate wanted is "
    "the highest at which the loss still clearly improves."
)
HEAD = "Trains on stored activations of the plain view: a few seconds take the new head most of the way."
AUGMENT = (
    "Trains on stored augmented views, one view an epoch, with cosine annealing and a warm restart every cycle: "
    "the head sees pictures it has not seen so."
)
UNFREEZE = "The head is sensible now, so its gradients can be trusted to change the body."
LOWER = "Early layers see edges and textures that fit any picture: they should change least."
PLAIN = "Trains on in cosine cycles; augmentation is off, so the head sees the plain view again."
FIND_AGAIN = "The body learns now too, so the right rate is another one."
FULL = "Trains body and head on augmented views; each cycle is longer than the one before."
STILL_FROZEN = "The body is still frozen, step 5 was not taken: trains the head on stored views, in longer cycles."
STOP = (
    "It stops when a cycle brings no better validation loss while the training loss still falls, and the best weights "
    "come back."
)
