// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import FuzzDriver
internal import NIOCore

@testable internal import Varlink

/// The parameters of a call whose JSON the input is; nil where it isn't.
func decode<Parameters: Hashable, Reply>(
    _ method: VarlinkMethod<Parameters, Reply>, _ input: UnsafeRawBufferPointer
) -> Parameters? {
    var frame = Data("{\"method\":\"\(method.name)\",\"parameters\":".utf8)
    frame.append(contentsOf: input)
    frame.append(UInt8(ascii: "}"))
    do {
        let parameters = try Wire.parameters(Parameters.self, of: frame)
        let again = try Wire.frame(Wire.Call(method: method.name, parameters: parameters))
        let same = try Wire.parameters(Parameters.self, of: Data(again.readableBytesView.dropLast()))
        require(same == parameters, "parameters read back as they were: \(parameters)")
        return parameters
    } catch let error as DecodingError {
        _ = error.parameterPath
        _ = error.message
        return nil
    } catch {
        require(false, "what can't be decoded is a decoding error, not \(error)")
        return nil
    }
}
