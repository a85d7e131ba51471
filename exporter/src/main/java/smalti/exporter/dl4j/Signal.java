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
record Signal(SDVariable x, int rank, long time, boolean sized, boolean rows) {
    static Signal of(SDVariable x, int rank, long time, boolean sized) {
        return new Signal(x, rank, time, sized, false);
    }

    static Signal features(SDVariable x) {
        return of(x, 2, 0, true);
    }

    /** The same in place: sizes and rank stay. */
    Signal with(SDVariable changed) {
        return new Signal(changed, rank, time, sized, rows);
    }

    /** [batch, features, time]. */
    static Signal series(SDVariable x, long time) {
        return of(x, 3, time, time > 0);
    }

    Signal asRows() {
        return new Signal(x, rank, time, sized, true);
    }

    /** A series, no longer taken for rows. */
    Signal asSeries() {
        return new Signal(x, rank, time, sized, false);
    }

    /** @throws NotCovered unless the rank is the one that the layer takes */
    Signal expect(int wanted) {
        NotCovered.unless(rank == wanted && !rows, "%s axes are needed, got %s", wanted, rows ? 2 : rank);
        return this;
    }
}
