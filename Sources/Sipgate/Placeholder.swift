enum SipgatePlaceholder {}
