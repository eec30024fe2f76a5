// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// Elements to and from netlink attributes (`enum nft_set_elem_attributes`).
///
/// Written with libmnl straight into the message, in the order that libnftnl writes: a million elements then
/// cost no million libnftnl objects, and the bytes are the same.
enum ElementCoding {
    /// nftnl's limit for the text of a comment, without its NUL.
    static let maximumComment = Int(NFTNL_UDATA_COMMENT_MAXLEN) - 1

    /// The most that one element takes: everything it can have, at its longest.
    static let largestElement = 512

    /// Appends the element to the message. It has room for ``largestElement`` more bytes.
    static func put(_ element: borrowing Element, in message: UnsafeMutablePointer<nlmsghdr>) {
        message.nest(NFTA_LIST_ELEM.rawValue) {
            if element.isIntervalEnd {
                message.put(
                    NFTA_SET_ELEM_FLAGS.rawValue, bigEndian: UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue))
            }
            if let timeout = element.timeout {
                message.put(NFTA_SET_ELEM_TIMEOUT.rawValue, bigEndian: timeout.kernelMilliseconds)
            }
            if let expiration = element.expiration {
                message.put(NFTA_SET_ELEM_EXPIRATION.rawValue, bigEndian: expiration.kernelMilliseconds)
            }
            put(element.key, in: message)
            if let comment = element.comment { put(comment: comment, in: message) }
            if let counter = element.counter {
                message.nest(NFTA_SET_ELEM_EXPR.rawValue) {
                    message.put(NFTA_EXPR_NAME.rawValue, string: "counter")
                    message.nest(NFTA_EXPR_DATA.rawValue) {
                        message.put(NFTA_COUNTER_BYTES.rawValue, bigEndian: counter.bytes)
                        message.put(NFTA_COUNTER_PACKETS.rawValue, bigEndian: counter.packets)
                    }
                }
            }
        }
    }

    private static func put(_ key: ElementKey, in message: UnsafeMutablePointer<nlmsghdr>) {
        message.nest(NFTA_SET_ELEM_KEY.rawValue) {
            key.withUnsafeBytes { message.put(NFTA_DATA_VALUE.rawValue, bytes: $0) }
        }
    }

    private static func put(comment: String, in message: UnsafeMutablePointer<nlmsghdr>) {
        UserData.withComment(comment, type: UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue)) {
            message.put(NFTA_SET_ELEM_USERDATA.rawValue, bytes: $0)
        }
    }

    // MARK: Reading

    /// The elements of a received NEWSETELEM or DELSETELEM message.
    static func elements(of message: UnsafePointer<nlmsghdr>) -> [Element] {
        var elements: [Element] = []
        forEachAttribute(of: message) { attribute in
            if let element = element(of: attribute) { elements.append(element) }
        }
        return elements
    }

    /// The attributes that are each an element in a NEWSETELEM or DELSETELEM message.
    static func forEachAttribute(of message: UnsafePointer<nlmsghdr>, _ body: (Attribute) -> Void) {
        for attribute in Attributes(message: message)
        where attribute.type == Int32(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
            for nested in attribute.nested { body(nested) }
        }
    }

    /// What an element has counted, and nothing else of it; zero where it doesn't count.
    static func counter(of attribute: Attribute) -> Element.Counter {
        for field in attribute.nested {
            switch UInt32(field.type) {
            case NFTA_SET_ELEM_EXPR.rawValue:
                if let counter = Element.Counter(expression: field.nested) { return counter }
            case NFTA_SET_ELEM_EXPRESSIONS.rawValue:
                for expression in field.nested {
                    if let counter = Element.Counter(expression: expression.nested) { return counter }
                }
            default: break
            }
        }
        return Element.Counter()
    }

    /// One element; nil where it has no key (the catch-all element).
    static func element(of attribute: Attribute) -> Element? {
        var key: ElementKey?
        var element = Element(ElementKey(uid: 0))
        for field in attribute.nested {
            switch UInt32(field.type) {
            case NFTA_SET_ELEM_KEY.rawValue:
                for value in field.nested where value.type == Int32(NFTA_DATA_VALUE.rawValue) {
                    key = ElementKey(bytes: value.payload)
                }
            case NFTA_SET_ELEM_FLAGS.rawValue:
                let flags = field.bigEndian(UInt32.self) ?? 0
                element.isIntervalEnd = flags & UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue) != 0
            case NFTA_SET_ELEM_TIMEOUT.rawValue:
                element.timeout = field.bigEndian(UInt64.self).map { .milliseconds($0) }
            case NFTA_SET_ELEM_EXPIRATION.rawValue:
                element.expiration = field.bigEndian(UInt64.self).map { .milliseconds($0) }
            case NFTA_SET_ELEM_USERDATA.rawValue:
                element.comment = UserData.comment(
                    in: field.payload, type: UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue))
            case NFTA_SET_ELEM_EXPR.rawValue:
                element.counter = Element.Counter(expression: field.nested) ?? element.counter
            case NFTA_SET_ELEM_EXPRESSIONS.rawValue:
                for expression in field.nested {
                    element.counter = Element.Counter(expression: expression.nested) ?? element.counter
                }
            default: break
            }
        }
        guard let key else { return nil }
        element.key = key
        return element
    }
}

extension Element.Counter {
    /// What a counter expression has counted; nil where it is another expression.
    init?(expression: Attributes) {
        self.init()
        var isCounter = false
        for attribute in expression {
            switch UInt32(attribute.type) {
            case NFTA_EXPR_NAME.rawValue: isCounter = attribute.string == "counter"
            case NFTA_EXPR_DATA.rawValue:
                for value in attribute.nested {
                    switch UInt32(value.type) {
                    case NFTA_COUNTER_BYTES.rawValue: bytes = value.bigEndian(UInt64.self) ?? 0
                    case NFTA_COUNTER_PACKETS.rawValue: packets = value.bigEndian(UInt64.self) ?? 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard isCounter else { return nil }
    }
}
