package smalti.spec.model;

/** p(x|z): how likely a picture is, given latents. Each kind is a record that a {@link SpecKinds} registers. */
public interface Likelihood {}
