import numpy as np
import onnxruntime
from PIL import Image

tokenize = onnxruntime.InferenceSession("@NAME@.smalti/tokenize.onnx")
detokenize = onnxruntime.InferenceSession("@NAME@.smalti/detokenize.onnx")
picture = Image.open("picture.png").convert("@MODE@")
@if fixed@picture = picture.resize((@WIDTH@, @HEIGHT@))
@end@@if free@picture = picture.crop((0, 0, picture.width // @FACTOR@ * @FACTOR@, picture.height // @FACTOR@ * @FACTOR@))
@end@pixels = np.asarray(picture, np.uint8).reshape(1, picture.height, picture.width, @CHANNELS@)
(codes,) = tokenize.run(None, {"pixels": pixels})
(rebuilt,) = detokenize.run(None, {"codes": codes})
Image.fromarray(rebuilt[0]@if grey@[:, :, 0]@end@).save("rebuilt.png")
