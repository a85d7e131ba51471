package smalti.exporter.proof;

import smalti.spec.file.NpyArray;

/** Latents [N,D,h,w], read by place; places count through [N,h,w], as codes do. */
final class Latents {
    private final float[] values;
    private final int depth;
    private final int area;

    Latents(NpyArray latents) {
        this.values = latents.floats();
        this.depth = Math.toIntExact(latents.shape().get(1));
        this.area = Math.toIntExact(latents.shape().get(2) * latents.shape().get(3));
    }

    int depth() {
        return depth;
    }

    int places() {
        return values.length / depth;
    }

    float at(int place, int d) {
        return values[(place / area * depth + d) * area + place % area];
    }

    /** The place that an element of the array belongs to. */
    int place(int index) {
        return index / (depth * area) * area + index % area;
    }
}
