package smalti.exporter.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** The page's table of constants, with the least, mean and greatest of their elements. */
final class ConstantTable {
    private static final int MOST_SHOWN = 1_000;
    /** Read for the least, greatest and mean. */
    private static final long MOST_ELEMENTS = 300_000_000;

    private final List<Named> constants = new ArrayList<>();
    private long read;

    private record Named(String name, Constant constant) {}

    void add(String name, Constant constant) {
        constants.add(new Named(name, constant));
    }

    /** Of those that were added, as many as may be. */
    void write(StringBuilder out) {
        out.append(
                        "<h2 id=\"constants\">Constants</h2><div class=\"scroll\"><table><thead><tr><th data-s=\"\">name</th><th data-s=\"\">type</th>")
                .append("<th>shape</th><th class=\"v\" data-s=\"\">bytes</th><th class=\"v\" data-s=\"\">least</th>")
                .append(
                        "<th class=\"v\" data-s=\"\">mean</th><th class=\"v\" data-s=\"\">greatest</th></tr></thead><tbody>\n");
        for (var constant : constants.subList(0, Math.min(constants.size(), MOST_SHOWN))) {
            row(constant.name(), constant.constant(), out);
        }
        out.append("</tbody></table></div>\n");
        out.append(InspectionPage.leftOut(constants.size(), MOST_SHOWN));
    }

    private void row(String name, Constant constant, StringBuilder out) {
        var type = ValueType.ofOnnxCode(constant.onnxCode())
                .map(known -> known.name().toLowerCase(Locale.ROOT))
                .orElse("type " + constant.onnxCode());
        long bytes = bytes(constant);
        out.append("<tr><td class=\"w mono\">")
                .append(InspectionPage.text(name))
                .append("</td><td>")
                .append(type)
                .append(constant instanceof Constant.Sparse ? ", sparse" : "")
                .append("</td><td class=\"mono\">")
                .append(NodeText.dims(constant))
                .append("</td>");
        out.append(InspectionPage.number(bytes, Markup.bytes(bytes)));
        boolean numbers = constant instanceof Tensor tensor
                && tensor.type() != ValueType.COMPLEX64
                && tensor.type() != ValueType.COMPLEX128
                && tensor.count() > 0
                && bytes < 1 << 30;
        if (numbers && read + ((Tensor) constant).count() <= MOST_ELEMENTS) {
            statistics((Tensor) constant, out);
        } else {
            out.append("<td class=\"v dim\" colspan=\"3\">")
                    .append(numbers ? "not read: too much in all" : "–")
                    .append("</td>");
        }
        out.append("</tr>\n");
    }

    private static long bytes(Constant constant) {
        return constant instanceof Tensor tensor
                ? tensor.data().remaining()
                : constant instanceof Constant.Sparse sparse
                        ? sparse.encoded().remaining()
                        : ((Constant.Other) constant).encoded().remaining();
    }

    private void statistics(Tensor tensor, StringBuilder out) {
        int count = tensor.count();
        read += count;
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        double sum = 0;
        int finite = 0;
        for (int i = 0; i < count; i++) {
            double value = tensor.number(i);
            if (Double.isFinite(value)) {
                least = Math.min(least, value);
                most = Math.max(most, value);
                sum += value;
                finite++;
            }
        }
        for (double figure : new double[] {least, sum / finite, most}) {
            out.append(InspectionPage.format("<td class=\"v\" data-v=\"%s\">", Double.isFinite(figure) ? figure : 0))
                    .append(Double.isFinite(figure) ? Markup.number(figure) : "–");
            out.append("</td>");
        }
        if (finite < count) {
            out.append(InspectionPage.format("<td class=\"v\">%,d not finite</td>", count - finite));
        }
    }
}
