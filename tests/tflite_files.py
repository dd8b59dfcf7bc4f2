"""Writes small 8-bit TFLite networks of the MobileNet-V1 kind, as the real ones are laid out."""

from __future__ import annotations

import flatbuffers
import numpy as np
import tflite

SCALE = 6.0 / 255.0
"""Of all activations: eight bits for what a ReLU6 lets through."""
WEIGHT_SCALE, ZERO = 1.0 / 128.0, 128


class Writer:
    """Collects buffers, tensors and operators, then puts the file together."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.builder = flatbuffers.Builder(1 << 16)
        self.buffers, self.tensors, self.operators, self.codes = [self._buffer(b"")], [], [], []

    def add_tensor(self, shape, kind, scale, zero, content=b""):
        """A tensor; returns its number."""
        buffer = 0
        if content:
            buffer = len(self.buffers)
            self.buffers.append(self._buffer(content))
        build = self.builder
        zeros = build.CreateNumpyVector(np.array([zero], np.int64))
        scales = build.CreateNumpyVector(np.array([scale], np.float32))
        tflite.QuantizationParametersStart(build)
        tflite.QuantizationParametersAddScale(build, scales)
        tflite.QuantizationParametersAddZeroPoint(build, zeros)
        quantised = tflite.QuantizationParametersEnd(build)
        sides = build.CreateNumpyVector(np.array(shape, np.int32))
        tflite.TensorStart(build)
        tflite.TensorAddShape(build, sides)
        tflite.TensorAddType(build, kind)
        tflite.TensorAddBuffer(build, buffer)
        tflite.TensorAddQuantization(build, quantised)
        self.tensors.append(tflite.TensorEnd(build))
        return len(self.tensors) - 1

    def add_convolution(self, source, inputs, outputs, kernel, stride, depthwise):
        """A convolution with ReLU6 and weights drawn at random; returns the number of the tensor that it writes."""
        shape = (1, kernel, kernel, outputs) if depthwise else (outputs, kernel, kernel, inputs)
        spread = 40.0 * np.sqrt(outputs / np.prod(shape) * 9)
        weight = np.clip(self.random.normal(ZERO, spread, shape), 0, 255).astype(np.uint8)
        bias = self.random.integers(-20, 40, outputs).astype(np.int32)
        inputs = [source, self.add_tensor(shape, tflite.TensorType.UINT8, WEIGHT_SCALE, ZERO, weight.tobytes()),
                  self.add_tensor((outputs,), tflite.TensorType.INT32, 1.0 / 256.0, 0, bias.tobytes())]
        output = self.add_tensor((1, 1, 1, outputs), tflite.TensorType.UINT8, SCALE, 0)
        build = self.builder
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        getattr(tflite, f"{name}Start")(build)
        getattr(tflite, f"{name}AddStrideW")(build, stride)
        getattr(tflite, f"{name}AddStrideH")(build, stride)
        options = getattr(tflite, f"{name}End")(build)
        operator = tflite.BuiltinOperator.DEPTHWISE_CONV_2D if depthwise else tflite.BuiltinOperator.CONV_2D
        self.add_operator(operator, inputs, output, getattr(tflite.BuiltinOptions, name), options)
        return output

    def add_operator(self, code, inputs, output, kind=0, options=0):
        """An operator of any kind."""
        if code not in self.codes:
            self.codes.append(code)
        build = self.builder
        sources = build.CreateNumpyVector(np.array(inputs, np.int32))
        targets = build.CreateNumpyVector(np.array([output], np.int32))
        tflite.OperatorStart(build)
        tflite.OperatorAddOpcodeIndex(build, self.codes.index(code))
        tflite.OperatorAddInputs(build, sources)
        tflite.OperatorAddOutputs(build, targets)
        if kind:
            tflite.OperatorAddBuiltinOptionsType(build, kind)
            tflite.OperatorAddBuiltinOptions(build, options)
        self.operators.append(tflite.OperatorEnd(build))

    def finish(self, source, output):
        """The bytes of the file whose one network leads from tensor `source` to tensor `output`."""
        build = self.builder
        codes = [self._code(code) for code in self.codes]
        tensors, operators = self._vector(self.tensors), self._vector(self.operators)
        sources = build.CreateNumpyVector(np.array([source], np.int32))
        targets = build.CreateNumpyVector(np.array([output], np.int32))
        tflite.SubGraphStart(build)
        tflite.SubGraphAddTensors(build, tensors)
        tflite.SubGraphAddInputs(build, sources)
        tflite.SubGraphAddOutputs(build, targets)
        tflite.SubGraphAddOperators(build, operators)
        graphs = self._vector([tflite.SubGraphEnd(build)])
        listed, buffers = self._vector(codes), self._vector(self.buffers)
        tflite.ModelStart(build)
        tflite.ModelAddVersion(build, 3)
        tflite.ModelAddOperatorCodes(build, listed)
        tflite.ModelAddSubgraphs(build, graphs)
        tflite.ModelAddBuffers(build, buffers)
        build.Finish(tflite.ModelEnd(build), file_identifier=b"TFL3")
        return bytes(build.Output())

    def _buffer(self, content):
        data = self.builder.CreateByteVector(content)
        tflite.BufferStart(self.builder)
        tflite.BufferAddData(self.builder, data)
        return tflite.BufferEnd(self.builder)

    def _code(self, code):
        tflite.OperatorCodeStart(self.builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self.builder, code)
        tflite.OperatorCodeAddBuiltinCode(self.builder, code)
        return tflite.OperatorCodeEnd(self.builder)

    def _vector(self, offsets):
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()


def write_mobilenet(path, width=0.25):
    """An 8-bit MobileNet-V1 of that width up to its global average pool, with weights drawn at random."""
    writer = Writer()
    image = output = writer.add_tensor((1, 224, 224, 3), tflite.TensorType.UINT8, 1.0 / 128.0, 128)
    depth = int(32 * width)
    output = writer.add_convolution(output, 3, depth, 3, 2, False)
    for channels, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5,
                             (1024, 2), (1024, 1)):
        output = writer.add_convolution(output, depth, depth, 3, stride, True)
        output = writer.add_convolution(output, depth, int(channels * width), 1, 1, False)
        depth = int(channels * width)
    pooled = writer.add_tensor((1, 1, 1, depth), tflite.TensorType.UINT8, SCALE, 0)
    writer.add_operator(tflite.BuiltinOperator.AVERAGE_POOL_2D, [output], pooled)
    path.write_bytes(writer.finish(image, pooled))
    return path
