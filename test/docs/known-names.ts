/** Names of the reference's language, from its public manual: what the page on compatibility tells about each. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const KNOWN_NAMES = {
  'Query operators': words(`
    $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $all $elemMatch $size $mod $regex $expr
    $jsonSchema $bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear $comment $sampleRate $text $where $geoWithin
    $geoIntersects $near $nearSphere`),
  'Update operators': words(`
    $set $setOnInsert $unset $rename $inc $mul $min $max $currentDate $bit $push $addToSet $pop $pull $pullAll`),
  'Aggregation stages': words(`
    $match $project $addFields $set $unset $replaceRoot $replaceWith $group $sortByCount $count $sort $limit $skip
    $unwind $lookup $graphLookup $unionWith $facet $bucket $bucketAuto $sample $redact $documents $setWindowFields
    $densify $fill $geoNear $out $merge $indexStats $collStats $planCacheStats $currentOp $listSessions
    $listLocalSessions $listClusterCatalog $changeStream $changeStreamSplitLargeEvent $search $searchMeta
    $vectorSearch $listSearchIndexes $listSampledQueries $shardedDataDistribution`),
  Accumulators: words(`
    $sum $avg $count $min $max $first $last $push $addToSet $firstN $lastN $minN $maxN $top $topN $bottom $bottomN
    $mergeObjects $stdDevPop $stdDevSamp $median $percentile $concatArrays $setUnion $accumulator`),
  'Expression operators': words(`
    $abs $add $ceil $divide $exp $floor $ln $log $log10 $mod $multiply $pow $round $sigmoid $sqrt $subtract $trunc
    $sin $cos $tan $asin $acos $atan $atan2 $asinh $acosh $atanh $sinh $cosh $tanh $degreesToRadians $radiansToDegrees
    $arrayElemAt $arrayToObject $concatArrays $filter $first $firstN $in $indexOfArray $isArray $last $lastN $map $maxN
    $minN $objectToArray $range $reduce $reverseArray $size $slice $sortArray $zip $and $not $or $eq $ne $gt $gte $lt $lte
    $cmp $cond $ifNull $switch $bitAnd $bitOr $bitXor $bitNot $dateAdd $dateDiff $dateFromParts $dateFromString
    $dateSubtract $dateToParts $dateToString $dateTrunc $dayOfMonth $dayOfWeek $dayOfYear $hour $isoDayOfWeek $isoWeek
    $isoWeekYear $millisecond $minute $month $second $week $year $tsIncrement $tsSecond $literal $getField $setField
    $unsetField $rand $mergeObjects $setDifference $setEquals $setIntersection $setIsSubset $setUnion
    $allElementsTrue $anyElementTrue $concat $indexOfBytes $indexOfCP $ltrim $regexFind $regexFindAll $regexMatch
    $replaceOne $replaceAll $rtrim $split $strLenBytes $strLenCP $strcasecmp $substr $substrBytes $substrCP $toLower
    $toUpper $trim $meta $binarySize $bsonSize $convert $isNumber $toBool $toDate $toDecimal $toDouble $toInt $toLong
    $toObjectId $toString $toUUID $toHashedIndexKey $type $let $sum $avg $min $max $stdDevPop $stdDevSamp $median
    $percentile $function`),
  Commands: words(`
    find getMore killCursors aggregate count distinct insert update delete findAndModify bulkWrite explain create collMod
    drop dropDatabase renameCollection convertToCapped cloneCollectionAsCapped createIndexes dropIndexes listIndexes
    reIndex listCollections listDatabases collStats dbStats dataSize validate compact ping hello buildInfo hostInfo
    serverStatus connectionStatus currentOp killOp getLog getParameter setParameter getCmdLineOpts listCommands profile
    top dbHash filemd5 fsync fsyncUnlock planCacheClear planCacheListFilters planCacheSetFilter planCacheClearFilters
    startSession refreshSessions endSessions killSessions killAllSessions commitTransaction abortTransaction
    createUser updateUser dropUser usersInfo createRole updateRole dropRole rolesInfo grantRolesToUser
    revokeRolesFromUser saslStart saslContinue logout`),
} as const;

export type Family = keyof typeof KNOWN_NAMES;

/** Names that are understood and refused, as a single server of the reference does in its plain configuration. */
export const REFUSED_NAMES: ReadonlySet<string> = new Set(
  words(`
    $where $function $accumulator $search $searchMeta $vectorSearch $listSearchIndexes $listSampledQueries
    $shardedDataDistribution $changeStreamSplitLargeEvent $text $geoWithin $geoIntersects $near $nearSphere`),
);
