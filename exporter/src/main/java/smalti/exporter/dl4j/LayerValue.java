package smalti.exporter.dl4j;

import org.nd4j.autodiff.samediff.SDVariable;

/**
 * What flows between layers.
 *
 * @param rank 2: features, 3: series, 4: pictures, 5: volumes
 * @param time how many steps a series has, 0 if that is free
 * @param sized whether every size but the batch's is fixed
 * @param rows DL4J puts the steps of all series below one another as rows, [batch · time, features]; x still is the series
 *     [batch, features, time], so that the batch and the time stay free
 */
record LayerValue(SDVariable x, int rank, long time, boolean sized, boolean rows) {
    static LayerValue of(SDVariable x, int rank, long time, boolean sized) {
        return new LayerValue(x, rank, time, sized, false);
    }

    static LayerValue features(SDVariable x) {
        return of(x, 2, 0, true);
    }

    /** The same in place: sizes and rank stay. */
    LayerValue with(SDVariable changed) {
        return new LayerValue(changed, rank, time, sized, rows);
    }

    /** [batch, features, time]. */
    static LayerValue series(SDVariable x, long time) {
        return of(x, 3, time, time > 0);
    }

    LayerValue asRows() {
        return new LayerValue(x, rank, time, sized, true);
    }

    /** A series, no longer taken for rows. */
    LayerValue asSeries() {
        return new LayerValue(x, rank, time, sized, false);
    }

    /** @throws NotCovered unless the rank is the one that the layer takes */
    LayerValue expect(int wanted) {
        NotCovered.unless(rank == wanted && !rows, "%s axes are needed, got %s", wanted, rows ? 2 : rank);
        return this;
    }
}
