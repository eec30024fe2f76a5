// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Helper {
    /// The project's version.
    public static let version = "0.1.0"
}
