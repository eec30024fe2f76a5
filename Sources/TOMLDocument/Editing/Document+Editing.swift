// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import SentinelConfiguration

extension Document {
    /// A text with some changes, one after the other, in the text's own style. All else in it, comments and blank lines
    /// and order, stands as it was.
    ///
    /// Each change is held against what the parser reads before it and after it: a text in which it can't be made, or
    /// would change more than it is to, is refused.
    ///
    /// - Parameter file: what the file is called in messages.
    /// - Throws: what is wrong with the text, or which change can't be made, why, and what to do by hand.
    package static func edited(
        _ text: some Collection<UInt8>, by edits: [ConfigurationEdit], file: String
    ) throws(ConfigurationError) -> [UInt8] {
        var bytes = Array(text)
        for edit in edits { bytes = try Document(bytes, file: file).edited(by: edit) }
        return bytes
    }

    private func edited(by edit: ConfigurationEdit) throws(ConfigurationError) -> [UInt8] {
        let editor = TextEditor(locator, node: node)
        let changed: (text: [UInt8], node: Node)
        do {
            changed = try editor.carryOut(edit)
        } catch {
            throw ConfigurationError([
                .init(
                    file: file, line: locator.line(of: edit.key), key: edit.key, fault: error.fault,
                    remedy: error.remedy)
            ])
        }
        let read: Node?
        do {
            read = try Document(changed.text, file: file).node
        } catch {
            read = nil
        }
        guard read == changed.node else {
            throw ConfigurationError([
                .init(
                    file: file, line: locator.line(of: edit.key), key: edit.key,
                    fault: "can't be changed in the form that the file has around it",
                    remedy: "change it by hand, or write the section with a [header] in a line of its own")
            ])
        }
        return changed.text
    }
}

extension ConfigurationEdit {
    /// What it is about.
    var key: ConfigurationKey {
        switch self {
        case .set(let key, _), .remove(let key), .append(let key, _, _), .appendSection(let key, _): key
        }
    }
}
