//! What the township office has to say: bulletins in three columns.

/// A picture that goes with a bulletin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Bars: what every village took in and spent.
    Chart,
    /// A map: where the road is being mended.
    Map,
}

/// A bulletin.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Id of its column.
    pub column: &'static str,
    /// `YYYY-MM-DD`.
    pub date: &'static str,
    /// Title.
    pub title: &'static str,
    /// Paragraphs.
    pub body: &'static [&'static str],
    /// Its picture.
    pub drawing: Option<Drawing>,
}

/// The columns: id, Chinese name, English name.
pub const COLUMNS: [(&str, &str, &str); 3] = [
    ("cunwu", "村务公开", "Village affairs"),
    ("tongzhi", "通知公告", "Notices"),
    ("zhengce", "政策解读", "Policy explained"),
];

/// The bulletins, by date.
pub const BULLETINS: [Text; 12] = [
    Text {
        column: "tongzhi",
        date: "2026-05-06",
        title: "村级小额收支“一票一公开”今天起试行",
        body: &[
            "各位村民：从本月起，全镇八个村的每一笔收支，不论金额大小，都要把原始票据拍照上传，由镇里审核后逐笔公开。\
             大家可以在村部的触摸屏上查，也可以用手机扫码查。",
            "公开的内容包括：钱花在什么地方、花了多少、付给了谁、谁经手、谁证明、谁审批，以及票据照片。\
             收入也一样公开，比如鱼塘租金、光伏发电收入和上级补助。",
            "每笔账公开以后就不能再悄悄改动或者删除。确实记错了的，要另发一条更正，原来的那一条仍然看得到。",
            "哪一笔看不明白，可以当面问村报账员，也可以到镇政务公开办公室反映。我们在七个工作日内答复。",
        ],
        drawing: None,
    },
    Text {
        column: "zhengce",
        date: "2026-05-18",
        title: "看懂一张票：大白话说发票",
        body: &[
            "买东西开的发票，现在大多是“数电票”。票上没有发票代码，只有二十位的发票号码，左上角有一个二维码。\
             开票日期、金额、销售方名称，都要和实际买的东西对得上。",
            "“价税合计”才是村里真正付出去的钱。“金额”一栏是不含税的，比价税合计略少，这是正常的。",
            "一张发票只能报一次账。系统会自动比对发票号码，同一个号码出现第二次，审核人员会看到提醒，查清楚之前不会公开。",
        ],
        drawing: None,
    },
    Text {
        column: "tongzhi",
        date: "2026-06-02",
        title: "关于做好今年防汛工作的通知",
        body: &[
            "进入六月，雨水增多。请各村今天起安排人员二十四小时值班，每天早晚各巡查一次塘坝、涵闸和低洼住户，发现险情先转移人、再报告。",
            "石坝村、柳塘村的沿河住户，请把贵重物品和粮食提前搬到高处。听到村里广播通知转移时，请立即到村小学集合，不要返回取东西。",
            "各村采购编织袋、雨具、照明等防汛物资，发票当月公开；巡堤值守的误工补助，按实际天数造表，由本人签名领取。",
        ],
        drawing: None,
    },
    Text {
        column: "cunwu",
        date: "2026-06-16",
        title: "清泉村至石坝村道路修补施工公告",
        body: &[
            "清泉村至石坝村的村道有多处坑槽和路肩塌陷，经两村村民代表会议讨论同意，定于六月二十日至七月十日分两段修补。施工位置见附图红色虚线。",
            "施工期间半幅通行，大型车辆请从杨桥村绕行。请家长看管好孩子，不要在施工路段玩耍。",
            "本次修补所需费用从村级公益事业资金中列支，由施工方开具发票，完工后由村务监督委员会到场验收，验收单和发票一并公开。",
        ],
        drawing: Some(Drawing::Map),
    },
    Text {
        column: "zhengce",
        date: "2026-06-25",
        title: "村里花钱要过哪几道关",
        body: &[
            "村里每花一笔钱，先由经手人取得票据，写明用途并签字；再由证明人签字，证明事情是真的、东西收到了。",
            "接着由村务监督委员会审核，在票据上盖审核章；最后由负责人审批。数额较大的开支，要先开会讨论，会议记录附在票据后面。",
            "票据齐全以后，报账员拍照、填写、签名上传，镇里逐笔核对。用途写得含糊的，照片看不清的，都会退回去重来。",
            "群众看到的每一笔账，都带着报账员的电子签名。谁签的、什么时候签的，点开“已核验”就能看到。",
        ],
        drawing: None,
    },
    Text {
        column: "cunwu",
        date: "2026-07-08",
        title: "上半年公益岗位保洁员考核结果",
        body: &[
            "六月三十日，各村村民代表和村务监督委员会对保洁员上半年的工作进行了考核，一看路面，二看沟塘，三看垃圾桶周边，现场打分。",
            "全镇共考核保洁员四十余人，多数为合格以上。个别路段清扫不及时的，由村里谈话提醒，限期整改，下月复查。",
            "保洁员工资按实际出工天数计算，每月造表公开。对天数有疑问的，可以对照公开的工资表向村里反映。",
        ],
        drawing: None,
    },
    Text {
        column: "tongzhi",
        date: "2026-07-20",
        title: "高温天气用电用水提醒",
        body: &[
            "近期持续高温，全镇用电负荷较大。请检查家中老旧线路，不要私拉乱接，外出时关闭不用的电器。",
            "自来水高峰时段水压偏低，请错峰用水。需要抽水抗旱的农户，请提前一天向村里登记，由村里统一安排机泵，轮流灌溉。",
            "独居老人如有身体不适，请及时联系村卫生室或邻居。村部活动室每天九点到十七点开放空调，欢迎老人前来纳凉。",
        ],
        drawing: None,
    },
    Text {
        column: "zhengce",
        date: "2026-08-05",
        title: "集体土地流转的租金是怎么来、怎么分的",
        body: &[
            "集体土地流转出去，租金先进集体经济合作社的账，开具收款收据，收据的照片在“收入”里可以查到。",
            "租金的用途由成员大会或者成员代表会议决定，一般分成三部分：留作集体积累的、用于公益事业的、按份额分给成员的。",
            "合同的面积、年限、单价和付款时间都应当公开。合同到期续租，也要重新开会讨论，不能私下续签。",
        ],
        drawing: None,
    },
    Text {
        column: "cunwu",
        date: "2026-08-14",
        title: "各村收支情况一图看懂",
        body: &[
            "试行逐笔公开以来，各村的收支情况已经汇总。图中绿色是收入，红色是支出，数字以元为单位，都由已公开的票据逐笔相加而来。",
            "支出主要用在环境卫生、维修、劳务和防汛几个方面；收入主要来自鱼塘和土地租金、光伏发电以及上级补助。",
            "图上的总数和触摸屏里每个月的合计应当一致。如果您加出来的数和我们不一样，请告诉我们，我们一起查。",
        ],
        drawing: Some(Drawing::Chart),
    },
    Text {
        column: "tongzhi",
        date: "2026-09-03",
        title: "村民代表会议时间安排",
        body: &[
            "九月十日至十五日，各村分别召开村民代表会议，议题有三项：通报前八个月的收支，讨论冬季沟渠清淤方案，推选下一年度的保洁员。",
            "会议对全体村民开放旁听。不能到场的，可以把意见写给本组代表，也可以投进村部门口的意见箱。",
            "会议决定的事项和参会人员名单，会后三天内在本栏公开。",
        ],
        drawing: None,
    },
    Text {
        column: "zhengce",
        date: "2026-09-22",
        title: "困难群众临时救助怎么申请",
        body: &[
            "家里突然遇到重病、火灾、意外等困难，基本生活一时难以维持的，可以申请临时救助。本人写不了申请的，可以请村干部或者亲友代写。",
            "申请交到村里以后，由村里入户了解情况，符合条件的报镇里审批。情况紧急的，可以先救助、后补手续。",
            "救助对象的姓名和金额按规定公示，但病情、家庭住址和证件号码不公开。发现公示里出现这些内容，请马上联系我们撤下。",
        ],
        drawing: None,
    },
    Text {
        column: "cunwu",
        date: "2026-10-12",
        title: "秋季植树点位和树苗去向公示",
        body: &[
            "今年秋季，各村在村口、沟渠边和文化广场补植香樟、红叶石楠等苗木。树苗由村里统一采购，发票和点验照片已经公开。",
            "每个村栽了多少、栽在哪里、由谁管护，都在村部门前的公示牌上写明。成活率明年春天由村务监督委员会核查。",
            "欢迎大家认领门前的树，浇水看护。发现树苗缺失或者枯死，请告诉本村保洁员。",
        ],
        drawing: None,
    },
];

#[cfg(test)]
mod tests {
    use super::{BULLETINS, COLUMNS};

    #[test]
    fn every_bulletin_stands_in_a_column_that_exists_and_has_paragraphs() {
        for text in BULLETINS {
            assert!(COLUMNS.iter().any(|(id, _, _)| *id == text.column));
            assert!((2..=6).contains(&text.body.len()), "{}", text.title);
            assert!(text.date.parse::<jiff::civil::Date>().is_ok());
            assert!(text.body.iter().all(|line| !line.contains(' ')), "{}", text.title);
            assert!(text.title.chars().count() <= 100);
        }
    }
}
