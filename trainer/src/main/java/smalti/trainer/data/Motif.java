package smalti.trainer.data;

import java.util.Locale;

/**
 * What a procedural picture shows, in the order of the names. Coordinates run from -1 to 1, x to the right and y down;
 * lengths are in the same units.
 *
 * <p>Source of the signed distances: Inigo Quilez, "2D distance functions".
 */
enum Motif {
    CHECKER(0.56, 0.68, 0.15) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            double acrossEdge = fold(x);
            double downEdge = fold(y);
            double nearest = Math.min(Math.abs(acrossEdge), Math.abs(downEdge));
            return pose.size * nearest * StrictMath.signum(acrossEdge * downEdge);
        }

        /** From -1/2 to 1/2 and back over two cells, 0 at each cell's edge. */
        private double fold(double value) {
            return Math.abs(value / 2 - StrictMath.floor(value / 2) - 0.5) * 2 - 0.5;
        }
    },
    DISC(0.5, 0.7, 0) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            return pose.size * (length(x, y) - 1);
        }
    },
    DOTS(0.68, 0.8, 0.15) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            return pose.size * (length(x - StrictMath.rint(x), y - StrictMath.rint(y)) - 0.3);
        }
    },
    HEART(0.95, 1.15, 0.15) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            // Quilez's heart has its tip in the origin and is about 1.1 high
            double px = Math.abs(x) / 1.15;
            double py = 0.58 - y / 1.15;
            double distance;
            if (px + py > 1) {
                distance = length(px - 0.25, py - 0.75) - StrictMath.sqrt(2) / 4;
            } else {
                double on = 0.5 * Math.max(px + py, 0);
                distance = Math.min(length(px, py - 1), length(px - on, py - on)) * StrictMath.signum(px - py);
            }
            return 1.15 * pose.size * distance;
        }
    },
    RING(0.5, 0.68, 0) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            return pose.size * (Math.abs(length(x, y) - 0.9) - 0.22);
        }
    },
    SQUARE(0.48, 0.6, 0.2) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            double qx = Math.abs(x) - 0.88;
            double qy = Math.abs(y) - 0.88;
            double outside = length(Math.max(qx, 0), Math.max(qy, 0));
            return pose.size * (outside + Math.min(Math.max(qx, qy), 0) - 0.12);
        }
    },
    STAR(0.75, 0.92, 0.2) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            // one half of one of the five points, by reflection
            double part = StrictMath.PI / 5;
            double angle = StrictMath.atan2(x, -y);
            double folded = Math.abs(angle - 2 * part * StrictMath.rint(angle / (2 * part)));
            double radius = length(x, y);
            double px = radius * StrictMath.cos(folded);
            double py = radius * StrictMath.sin(folded);
            double innerX = 0.5 * StrictMath.cos(part);
            double innerY = 0.5 * StrictMath.sin(part);
            double edgeX = innerX - 1;
            double share = ((px - 1) * edgeX + py * innerY) / (edgeX * edgeX + innerY * innerY);
            double on = Math.max(0, Math.min(1, share));
            double side = (px - 1) * innerY - py * edgeX;
            double distance = length(px - 1 - on * edgeX, py - on * innerY);
            return pose.size * (side < 0 ? -distance : distance) - 0.03;
        }
    },
    STRIPES(0.26, 0.34, 0.25) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            return pose.size * (Math.abs(y / 2 - StrictMath.rint(y / 2)) * 2 - 0.5);
        }
    },
    TRIANGLE(0.58, 0.72, 0.2) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            double root = StrictMath.sqrt(3);
            double side = 0.98;
            double px = Math.abs(x) - side;
            double py = -y + side / root - 0.08;
            if (px + root * py > 0) {
                double turned = (px - root * py) / 2;
                py = (-root * px - py) / 2;
                px = turned;
            }
            px -= Math.max(-2 * side, Math.min(0, px));
            return pose.size * (-length(px, py) * StrictMath.signum(py) - 0.1);
        }
    },
    WAVES(0.32, 0.38, 0.1) {
        @Override
        double signedDistance(Pose pose, double x, double y) {
            // about two crests across the picture, as high as a stripe and its gap: steep, so that none looks like a
            // stripe
            double often = 1.9;
            double bent = y + StrictMath.sin(x * often);
            double slope = often * StrictMath.cos(x * often);
            double across = Math.abs(bent / 2 - StrictMath.rint(bent / 2)) * 2 - 0.5;
            return pose.size * across / StrictMath.sqrt(1 + slope * slope);
        }
    };

    /** Where a motif lies, how large it is and how it is turned. */
    record Pose(double x, double y, double size, double cos, double sin) {}

    private final double leastSize;
    private final double mostSize;
    private final double mostTurn;

    /** @param mostTurn in radians, to either side */
    Motif(double leastSize, double mostSize, double mostTurn) {
        this.leastSize = leastSize;
        this.mostSize = mostSize;
        this.mostTurn = mostTurn;
    }

    String className() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the motif fills the picture. */
    boolean isPattern() {
        return this == CHECKER || this == DOTS || this == STRIPES || this == WAVES;
    }

    Pose pose(ProceduralPictures.Draws draws) {
        // patterns begin in more places, shapes stay inside the picture
        double most = isPattern() ? 0.5 : 0.12;
        double x = draws.between(-most, most);
        double y = draws.between(-most, most);
        double size = draws.between(leastSize, mostSize);
        double turn = draws.between(-mostTurn, mostTurn);
        return new Pose(x, y, size, StrictMath.cos(turn), StrictMath.sin(turn));
    }

    /** How far (x, y) is from the motif's edge; negative inside. */
    final double distance(Pose pose, double x, double y) {
        double dx = (x - pose.x) / pose.size;
        double dy = (y - pose.y) / pose.size;
        return signedDistance(pose, pose.cos * dx + pose.sin * dy, pose.cos * dy - pose.sin * dx);
    }

    /** The same in the motif's own coordinates, where its size is 1; the result is in the picture's. */
    abstract double signedDistance(Pose pose, double x, double y);

    private static double length(double x, double y) {
        return StrictMath.sqrt(x * x + y * y);
    }
}
