//! What a village spends on and takes in: the occasions that papers come from, with their prices.

/// One sort of goods or work on an invoice.
#[derive(Clone, Copy, Debug)]
pub struct Goods {
    /// Name with its tax category.
    pub name: &'static str,
    /// Model; may be empty.
    pub spec: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Least and most bought.
    pub quantity: (i64, i64),
    /// Least and most fen for one, tax included.
    pub price: (i64, i64),
}

/// Where the paper for an occasion comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// An invoice by one of `sellers` at `rate` percent tax.
    Bought {
        /// Who may have sold it.
        sellers: &'static [&'static str],
        /// Percent.
        rate: i64,
        /// What may be on it.
        goods: &'static [Goods],
    },
    /// A slip in the hand of a villager.
    Slip {
        /// `领条` or `收条`.
        title: &'static str,
        /// Least and most yuan, in steps of ten.
        yuan: (i64, i64),
    },
    /// A payroll sheet.
    Payroll {
        /// What was done.
        work: &'static str,
        /// What the sheet is called.
        title: &'static str,
        /// Fewest and most people.
        heads: (i64, i64),
        /// Fewest and most days.
        days: (i64, i64),
        /// Least and most yuan a day.
        yuan: (i64, i64),
    },
    /// A till slip of a filling station.
    Fuel,
    /// Money taken in.
    Income {
        /// Who paid; `None`: a villager.
        payer: Option<&'static str>,
        /// Least and most yuan, in steps of a hundred.
        yuan: (i64, i64),
    },
}

/// An occasion.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// What for; `{m}` is the month.
    pub purpose: &'static str,
    /// Heading in the village's books.
    pub category: &'static str,
    /// Months in which it comes up; empty: in all.
    pub months: &'static [i8],
    /// How often, against the others.
    pub weight: i64,
    /// The paper.
    pub source: Source,
}

const fn goods(
    name: &'static str,
    spec: &'static str,
    unit: &'static str,
    quantity: (i64, i64),
    price: (i64, i64),
) -> Goods {
    Goods { name, spec, unit, quantity, price }
}

const fn bought(
    purpose: &'static str,
    category: &'static str,
    months: &'static [i8],
    weight: i64,
    (sellers, rate): (&'static [&'static str], i64),
    goods: &'static [Goods],
) -> Occasion {
    Occasion { purpose, category, months, weight, source: Source::Bought { sellers, rate, goods } }
}

const fn slip(
    purpose: &'static str,
    category: &'static str,
    months: &'static [i8],
    weight: i64,
    title: &'static str,
    yuan: (i64, i64),
) -> Occasion {
    Occasion { purpose, category, months, weight, source: Source::Slip { title, yuan } }
}

const fn income(
    purpose: &'static str,
    category: &'static str,
    months: &'static [i8],
    weight: i64,
    payer: Option<&'static str>,
    yuan: (i64, i64),
) -> Occasion {
    Occasion { purpose, category, months, weight, source: Source::Income { payer, yuan } }
}

const HARDWARE: &[&str] = &["新街镇顺达五金机电店", "新街镇百工建材经营部", "新街镇兴隆五金商行"];
const STATIONER: &[&str] = &["新街镇晨光文具店", "新街镇学海办公用品商行"];
const PRINTER: &[&str] = &["新街镇蓝图文印社", "新街镇大地广告制作部"];
const BUILDER: &[&str] = &["新街镇平安道路养护有限公司", "新街镇众诚建筑劳务有限公司"];
const GROCER: &[&str] = &["新街镇惠民超市", "新街镇丰味农副产品商行"];

/// The wage sheet of the cleaners, which every village has nearly every month.
pub const CLEANERS: Occasion = Occasion {
    purpose: "{m}月份村内保洁员工资",
    category: "环境卫生",
    months: &[],
    weight: 0,
    source: Source::Payroll {
        work: "村内道路保洁",
        title: "保洁员工资发放表",
        heads: (4, 7),
        days: (22, 28),
        yuan: (38, 45),
    },
};

/// Everything else.
pub const OCCASIONS: &[Occasion] = &[
    bought(
        "主干道路灯维修更换灯头",
        "维修费",
        &[],
        7,
        (HARDWARE, 1),
        &[
            goods("*照明装置*LED路灯头", "60W", "个", (3, 12), (14_500, 19_800)),
            goods("*电线电缆*铜芯电线", "BV2.5", "米", (40, 150), (260, 340)),
            goods("*劳务*路灯安装", "", "处", (2, 6), (8_000, 12_000)),
        ],
    ),
    bought(
        "村部办公用品",
        "办公费",
        &[],
        8,
        (STATIONER, 1),
        &[
            goods("*纸制品*复印纸", "A4 70g", "箱", (1, 5), (11_500, 13_800)),
            goods("*文具*中性笔", "0.5mm", "盒", (2, 8), (1_400, 2_200)),
            goods("*文具*档案盒", "55mm", "个", (10, 40), (450, 780)),
            goods("*计算机配套产品*硒鼓", "388A", "支", (1, 3), (8_500, 14_500)),
        ],
    ),
    bought(
        "{m}月份村部电费",
        "水电费",
        &[],
        7,
        (&["新街镇供电服务站"], 13),
        &[
            goods("*供电*村部照明用电", "", "千瓦时", (180, 620), (56, 58)),
            goods("*供电*路灯用电", "", "千瓦时", (300, 1_100), (56, 58)),
        ],
    ),
    bought(
        "{m}月份村部自来水费",
        "水电费",
        &[],
        4,
        (&["新街镇自来水服务站"], 3),
        &[goods("*水冰雪*自来水", "", "立方米", (22, 90), (265, 285))],
    ),
    bought(
        "防汛物资采购",
        "防汛抗旱",
        &[5, 6, 7, 8],
        8,
        (HARDWARE, 1),
        &[
            goods("*纺织产品*编织袋", "50×90", "条", (200, 800), (110, 165)),
            goods("*雨具*雨衣雨靴", "加厚", "套", (6, 20), (6_800, 9_500)),
            goods("*照明装置*强光手电", "充电式", "支", (4, 12), (4_500, 7_800)),
            goods("*五金工具*铁锹", "", "把", (6, 20), (2_200, 3_200)),
        ],
    ),
    bought(
        "村道坑槽修补",
        "维修费",
        &[],
        6,
        (BUILDER, 3),
        &[
            goods("*建筑服务*路面坑槽修补", "C25", "平方米", (25, 120), (7_200, 9_800)),
            goods("*建筑服务*路肩培土", "", "米", (40, 200), (900, 1_500)),
        ],
    ),
    bought(
        "排水沟清淤及盖板更换",
        "维修费",
        &[5, 6, 7, 9],
        4,
        (BUILDER, 3),
        &[
            goods("*建筑服务*沟渠清淤", "", "米", (80, 400), (650, 980)),
            goods("*水泥制品*预制盖板", "60×50", "块", (10, 50), (3_200, 4_600)),
        ],
    ),
    bought(
        "公开栏及宣传材料印刷",
        "办公费",
        &[],
        6,
        (PRINTER, 1),
        &[
            goods("*印刷品*公开栏喷绘", "2.4×1.2", "张", (1, 4), (6_800, 9_800)),
            goods("*印刷品*宣传单页", "A4", "份", (200, 1_000), (35, 60)),
            goods("*印刷品*条幅", "8米", "条", (2, 6), (4_800, 6_400)),
        ],
    ),
    bought(
        "村民代表会议工作餐",
        "会议费",
        &[],
        3,
        (&["新街镇老地方饭店"], 1),
        &[goods("*餐饮服务*工作餐", "", "份", (12, 32), (1_800, 2_500))],
    ),
    bought(
        "中秋重阳慰问困难户、高龄老人物资",
        "慰问费",
        &[9, 10],
        8,
        (GROCER, 1),
        &[
            goods("*谷物加工品*大米", "10kg", "袋", (8, 30), (4_800, 6_200)),
            goods("*植物油*菜籽油", "5L", "桶", (8, 30), (6_400, 7_800)),
            goods("*乳制品*纯牛奶", "250ml×16", "箱", (6, 20), (4_500, 5_600)),
        ],
    ),
    bought(
        "高温慰问保洁员防暑用品",
        "慰问费",
        &[6, 7, 8],
        5,
        (GROCER, 1),
        &[
            goods("*软饮料*矿泉水", "550ml×24", "件", (6, 20), (2_400, 3_200)),
            goods("*日用杂品*毛巾草帽", "", "套", (5, 12), (1_800, 2_600)),
            goods("*中成药*藿香正气水", "10支", "盒", (5, 15), (1_200, 1_900)),
        ],
    ),
    bought(
        "村庄绿化补植树苗",
        "公益事业",
        &[9, 10],
        6,
        (&["新街镇绿源苗木专业合作社"], 1),
        &[
            goods("*林业产品*香樟", "胸径5cm", "株", (10, 40), (6_500, 9_500)),
            goods("*林业产品*红叶石楠", "冠幅40cm", "株", (60, 200), (550, 900)),
        ],
    ),
    bought(
        "文化广场健身器材维修",
        "公益事业",
        &[],
        3,
        (HARDWARE, 1),
        &[
            goods("*体育用品*健身器材配件", "", "套", (1, 4), (18_000, 36_000)),
            goods("*劳务*器材维修", "", "次", (1, 3), (15_000, 24_000)),
        ],
    ),
    bought(
        "垃圾桶、扫把等保洁工具",
        "环境卫生",
        &[],
        5,
        (HARDWARE, 1),
        &[
            goods("*塑料制品*分类垃圾桶", "240L", "只", (4, 16), (11_800, 15_800)),
            goods("*日用杂品*竹扫把", "", "把", (10, 30), (1_200, 1_800)),
            goods("*五金工具*铁簸箕", "", "把", (4, 10), (1_800, 2_600)),
        ],
    ),
    bought(
        "监控设备检修与硬盘更换",
        "维修费",
        &[],
        3,
        (&["新街镇安视电子科技商行"], 1),
        &[
            goods("*电子计算机*监控硬盘", "4TB", "块", (1, 2), (56_000, 72_000)),
            goods("*信息技术服务*线路检修", "", "次", (1, 2), (20_000, 32_000)),
        ],
    ),
    slip("清理河道水草人工费", "劳务费", &[5, 6, 7, 8, 9], 6, "领条", (240, 1_600)),
    slip("村口绿化带修剪割草人工费", "劳务费", &[], 5, "领条", (180, 900)),
    slip("垃圾清运三轮车运费", "环境卫生", &[], 5, "收条", (160, 780)),
    slip("困难家庭临时慰问金", "慰问费", &[], 5, "领条", (300, 1_000)),
    slip("抽水抗旱机泵看护补贴", "防汛抗旱", &[7, 8, 9], 4, "领条", (260, 1_200)),
    slip("老年活动室看管补贴", "公益事业", &[], 4, "领条", (200, 400)),
    slip("会议室桌椅修理费", "维修费", &[], 3, "收条", (120, 460)),
    Occasion {
        purpose: "防汛巡堤误工补助",
        category: "劳务费",
        months: &[6, 7, 8],
        weight: 6,
        source: Source::Payroll {
            work: "夜间巡堤值守",
            title: "防汛误工补助发放表",
            heads: (4, 8),
            days: (2, 7),
            yuan: (80, 120),
        },
    },
    Occasion {
        purpose: "人居环境集中整治误工补助",
        category: "劳务费",
        months: &[5, 9, 10],
        weight: 5,
        source: Source::Payroll {
            work: "房前屋后清理",
            title: "环境整治误工补助发放表",
            heads: (5, 9),
            days: (1, 4),
            yuan: (90, 130),
        },
    },
    Occasion {
        purpose: "巡查用车加油",
        category: "交通费",
        months: &[],
        weight: 14,
        source: Source::Fuel,
    },
    income("本季度鱼塘承包租金", "租金收入", &[], 6, None, (1_800, 9_600)),
    income(
        "集体土地流转租金",
        "租金收入",
        &[6, 9, 10],
        6,
        Some("新街镇沃野家庭农场"),
        (6_000, 38_000),
    ),
    income("门面房租金", "租金收入", &[5, 7, 10], 4, None, (1_500, 6_000)),
    income(
        "{m}月份村级光伏电站发电收入",
        "经营收入",
        &[],
        7,
        Some("新街镇供电服务站"),
        (2_200, 7_800),
    ),
    income(
        "上级拨付人居环境整治补助",
        "补助收入",
        &[6, 8, 10],
        5,
        Some("新街镇财政所"),
        (5_000, 30_000),
    ),
    income(
        "上级拨付村级运转补助",
        "补助收入",
        &[5, 7, 9],
        6,
        Some("新街镇财政所"),
        (8_000, 25_000),
    ),
    income("废旧物资处置收入", "其他收入", &[], 2, None, (200, 900)),
];
