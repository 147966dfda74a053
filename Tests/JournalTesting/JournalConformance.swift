import Journal

/// What every journal has to do, whatever it is made of.
package struct JournalConformance {
}
