/** What a running plan counts of itself: what `explain` shows, and tests look at. */
export class StageStats {
  /** Rows given upwards. */
  returned = 0;
  /** Index entries looked at. */
  keys = 0;
  /** Documents looked at. */
  documents = 0;
  /** Times a scan was moved to a new place. */
  seeks = 0;
  /** Pulls altogether. */
  works = 0;
  /** Records looked up among those seen. */
  tested = 0;
  /** Duplicates of a record that were left out. */
  duplicates = 0;
  /** Bytes of what a blocking stage held at most. */
  memoryBytes = 0;
  usedDisk = false;
  isAtEnd = false;
}
