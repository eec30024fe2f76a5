// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import SentinelConfiguration
internal import TOMLDocument

extension ConfigurationEdit {
    /// A TOML text with some changes, one after the other, in its own style. All else in it, comments and blank lines and
    /// order, stands as it was. Whether a configuration is valid then isn't looked at.
    ///
    /// - Parameter file: what the file is called in messages.
    /// - Throws: what is wrong with the text, or which change can't be made, why, and what to do by hand.
    public static func apply(
        _ edits: [ConfigurationEdit], toToml text: some Collection<UInt8>, file: String
    ) throws(ConfigurationError) -> [UInt8] {
        try Document.edited(text, by: edits, file: file)
    }
}
